#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "search/equivalence.hpp"
#include "search/mutate.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

nb::dict compare_trackers(const std::string& a, const std::string& b, const std::vector<Platform>& platforms, uint64_t programs,
                          uint64_t seed, int ops, size_t differences_max) {
    auto first = make_tracker(a), second = make_tracker(b);
    if (!first) throw nb::value_error(("no tracker of that name: " + a).c_str());
    if (!second) throw nb::value_error(("no tracker of that name: " + b).c_str());
    Comparison c;
    {
        nb::gil_scoped_release release;
        c = compare(*first, *second, platforms, programs, seed, ops, differences_max);
    }
    nb::dict d;
    d["programs"] = c.programs;
    d["warnings"] = c.warnings;
    nb::list differences;
    for (const Difference& x : c.differences) differences.append(nb::make_tuple(x.program.ops, x.platform));
    d["differences"] = differences;
    return d;
}

}  // namespace

void bind_search(nb::module_& m) {
    m.def("random_program", [](uint64_t seed, int ops) {
        Rng rng(seed);
        return random_program(rng, ops).ops;
    }, "seed"_a, "ops"_a, "A valid random program of about that many operations.");
    m.def("compare_trackers", &compare_trackers, "a"_a, "b"_a, "platforms"_a, "programs"_a, "seed"_a = 0, "ops"_a = 24,
          "differences_max"_a = 10, "Two trackers on random programs: programs, warnings, and shortened programs on which they differ.");
}

}  // namespace dmafuzz
