// SPDX-License-Identifier: GPL-2.0-only
// One function for each room of the core that Python sees.
#pragma once

#include <nanobind/nanobind.h>

namespace dmafuzz {

// A set of platforms as a Python integer, a bit each.
template <class Bits>
nanobind::int_ as_int(const Bits& bits) {
    constexpr size_t word = 64;
    const Bits low(~uint64_t{0});
    nanobind::object out = nanobind::int_(0);
    for (size_t at = 0; at < bits.size(); at += word)
        out = out | (nanobind::int_((bits >> at & low).to_ullong()) << nanobind::int_(at));
    return nanobind::int_(out);
}

void bind_program(nanobind::module_& m);
void bind_platform(nanobind::module_& m);
void bind_judge(nanobind::module_& m);
void bind_judgement(nanobind::module_& m);
void bind_python_tracker(nanobind::module_& m);
void bind_run(nanobind::module_& m);
void bind_behaviour(nanobind::module_& m);
void bind_search(nanobind::module_& m);
void bind_repair(nanobind::module_& m);
void bind_schedule(nanobind::module_& m);
void bind_exhaustive(nanobind::module_& m);
void bind_review(nanobind::module_& m);

}  // namespace dmafuzz
