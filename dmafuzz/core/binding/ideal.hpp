// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <nanobind/nanobind.h>

namespace dmafuzz {

void bind_ideal(nanobind::module_& m);

}  // namespace dmafuzz
