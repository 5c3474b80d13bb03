// SPDX-License-Identifier: GPL-2.0-only
#include "binding/binding.hpp"

NB_MODULE(_core, m) {
    m.doc() = "The core of dmafuzz: programs, machine, simulator, tracker, judge, search and schedules.";
    dmafuzz::bind_program(m);
    dmafuzz::bind_platform(m);
    dmafuzz::bind_judge(m);
    dmafuzz::bind_python_tracker(m);
    dmafuzz::bind_run(m);
    dmafuzz::bind_behaviour(m);
    dmafuzz::bind_search(m);
    dmafuzz::bind_repair(m);
    dmafuzz::bind_schedule(m);
    dmafuzz::bind_exhaustive(m);
    dmafuzz::bind_review(m);
}
