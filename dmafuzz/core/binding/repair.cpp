// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/record.hpp"
#include "fuzzing/layouts.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

void bind_repair(nb::module_& m) {
    bind_names<RepairKind>(m, "RepairKind",
                           "What a step towards a right program changes, in the order in which repairs are shown.");
    using S = RepairStep;
    Record<S>(m, "RepairStep", "A program one change away from another one, towards what is right.")
        .field("kind", &S::kind)
        .field("line", &S::line, "that is changed, moved or removed; of an insertion its number afterwards; from 0")
        .field("place", &S::place, "of a move: its number afterwards; otherwise as `line`")
        .field("ops", [](const S& s) { return Tuple<Op>(as_tuple_of(s.program.ops)); });
    m.def(
        "repair_steps", [](std::vector<Op> ops) { return repair_steps({std::move(ops)}); }, "ops"_a,
        "What a driver's author may change about a program, one change at a time; whether it helps is not asked.");
    m.def(
        "everyday_layouts",
        [](std::vector<Op> ops) {
            std::vector<std::vector<Op>> found;
            for (Program& program : everyday_layouts({std::move(ops)})) found.push_back(std::move(program.ops));
            return found;
        },
        "ops"_a, "The same program with sizes and offsets that drivers use, those that change most of them first.");
}

}  // namespace dmafuzz
