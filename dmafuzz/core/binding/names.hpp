// SPDX-License-Identifier: GPL-2.0-only
// Enumerations of the core as Python's StrEnum: a member is the name that the core prints ("stale-cpu-data"), so that
// it compares with text, goes to JSON as text, and is a type of its own all the same.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "coherency/behaviour.hpp"
#include "fuzzing/repair_steps.hpp"
#include "judge/contract.hpp"
#include "judge/outcome.hpp"
#include "run/run.hpp"
#include "tracker/reason.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

// The members by value, none below the first that has a name. They live as long as the module does, which is never
// unloaded.
template <class E>
std::vector<PyObject*>& members() {
    static auto* all = new std::vector<PyObject*>;
    return *all;
}

// "overlap>7" is `overlap_beyond_7` in Python.
inline std::string identifier(const char* name) {
    std::string out;
    for (const char* c = name; *c; c++)
        if (*c == '>') out += "_beyond_";
        else out += *c == '-' ? '_' : *c;
    return out;
}

// `first`: the first value that has a name.
template <class E>
void bind_names(nanobind::module_& m, const char* name, const char* doc, int first = 0) {
    nanobind::list named;
    for (int i = first; i < static_cast<int>(E::count_); i++) {
        const char* text = name_of(static_cast<E>(i));
        named.append(nanobind::make_tuple(identifier(text), text));
    }
    nanobind::object made =
        nanobind::module_::import_("enum").attr("StrEnum")(name, named, nanobind::arg("module") = m.attr("__name__"));
    made.attr("__doc__") = doc;
    m.attr(name) = made;
    std::vector<PyObject*>& all = members<E>();
    all.assign(static_cast<size_t>(first), nullptr);
    for (nanobind::handle member : made) {
        member.attr("__doc__") = "";  // else it would be the class's
        all.push_back(member.inc_ref().ptr());
    }
}

// A tuple of any length, for signatures.
template <class T>
using Tuple = nanobind::typed<nanobind::tuple, T, nanobind::ellipsis>;

template <class Values>
nanobind::tuple as_tuple_of(const Values& values) {
    nanobind::list out;
    for (const auto& value : values) out.append(nanobind::cast(value));
    return nanobind::tuple(out);
}

// The places of the bits that are set, up to `count`.
template <class T>
std::vector<T> members_of(uint64_t set, int count) {
    std::vector<T> out;
    for (int i = 0; i < count; i++)
        if (set >> i & 1) out.push_back(static_cast<T>(i));
    return out;
}

}  // namespace dmafuzz

namespace nanobind::detail {

template <class E>
struct named_caster {
    static bool load(handle source, E& value) noexcept {
        const std::vector<PyObject*>& all = dmafuzz::members<E>();
        for (size_t i = 0; i < all.size(); i++)
            if (all[i] && PyObject_RichCompareBool(all[i], source.ptr(), Py_EQ) == 1) {
                value = static_cast<E>(i);
                return true;
            }
        PyErr_Clear();
        return false;
    }
    static handle make(E value) noexcept {
        const std::vector<PyObject*>& all = dmafuzz::members<E>();
        const auto at = static_cast<size_t>(value);
        if (at >= all.size() || !all[at]) {
            PyErr_SetString(PyExc_SystemError, "a value without a name");
            return {};
        }
        return handle(all[at]).inc_ref();
    }
};

#define DMAFUZZ_NAMED(E)                                                              \
    template <>                                                                       \
    struct type_caster<dmafuzz::E> {                                                  \
        NB_TYPE_CASTER(dmafuzz::E, const_name("dmafuzz._core." #E))                   \
        bool from_python(handle source, uint8_t, cleanup_list*) noexcept {            \
            return named_caster<dmafuzz::E>::load(source, value);                     \
        }                                                                             \
        static handle from_cpp(dmafuzz::E value, rv_policy, cleanup_list*) noexcept { \
            return named_caster<dmafuzz::E>::make(value);                             \
        }                                                                             \
    }

DMAFUZZ_NAMED(Actor);
DMAFUZZ_NAMED(CorruptionKind);
DMAFUZZ_NAMED(Flag);
DMAFUZZ_NAMED(HarmKind);
DMAFUZZ_NAMED(HookKind);
DMAFUZZ_NAMED(Label);
DMAFUZZ_NAMED(LineState);
DMAFUZZ_NAMED(Owner);
DMAFUZZ_NAMED(PlaceKind);
DMAFUZZ_NAMED(Reason);
DMAFUZZ_NAMED(RepairKind);
DMAFUZZ_NAMED(Rule);
DMAFUZZ_NAMED(StepKind);
DMAFUZZ_NAMED(Via);
DMAFUZZ_NAMED(WarningId);
DMAFUZZ_NAMED(WitnessEvent);
DMAFUZZ_NAMED(Justification);

#undef DMAFUZZ_NAMED

}  // namespace nanobind::detail
