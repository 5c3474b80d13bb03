// One function for each room of the core that Python sees.
#pragma once

#include <nanobind/nanobind.h>

namespace dmafuzz {

void bind_program(nanobind::module_& m);
void bind_platform(nanobind::module_& m);
void bind_judge(nanobind::module_& m);
void bind_search(nanobind::module_& m);
void bind_schedule(nanobind::module_& m);
void bind_exhaustive(nanobind::module_& m);

}  // namespace dmafuzz
