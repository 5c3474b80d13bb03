// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/operators.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "program/scope.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

struct PyProblem {
    int op;
    std::string field;
    std::string expected;
    int entry;
};

void bind_program_enums(nb::module_& m) {
    nb::enum_<OpKind> kinds(m, "OpKind", "What an operation does.");
    for (int i = 0; i < static_cast<int>(OpKind::count_); i++) {
        auto kind = static_cast<OpKind>(i);
        kinds.value(traits(kind).name, kind);
    }
    nb::enum_<BufferKind> buffers(m, "BufferKind", "Where a buffer lives.");
    for (int i = 0; i < static_cast<int>(BufferKind::count_); i++) {
        auto kind = static_cast<BufferKind>(i);
        buffers.value(name_of(kind), kind);
    }
    nb::enum_<Direction>(m, "Direction", "enum dma_data_direction, without NONE.")
        .value("bidirectional", Direction::bidirectional)
        .value("to_device", Direction::to_device)
        .value("from_device", Direction::from_device);
}

void bind_traits(nb::module_& m) {
    nb::class_<OpTraits>(m, "OpTraits", "What an operation of a kind names, defines and carries.")
        .def_ro("defines_buffer", &OpTraits::defines_buffer)
        .def_ro("defines_mapping", &OpTraits::defines_mapping)
        .def_ro("names_buffer", &OpTraits::names_buffer)
        .def_ro("names_mapping", &OpTraits::names_mapping)
        .def_ro("is_call", &OpTraits::is_call)
        .def_ro("names_device", &OpTraits::names_device)
        .def_ro("has_range", &OpTraits::has_range);
    m.def("traits", &traits, nb::rv_policy::reference, "kind"_a, "The traits of an operation kind.");
    m.def("matching_end", &matching_end, "map"_a, "The call that ends what `map` made correctly.");
}

void bind_op(nb::module_& m) {
    nb::class_<Entry>(m, "Entry", "One scatterlist entry; offset and size in bytes.")
        .def(
            "__init__",
            [](Entry* e, uint8_t buffer, uint32_t offset, uint32_t size) { new (e) Entry{buffer, offset, size}; },
            "buffer"_a, "offset"_a, "size"_a)
        .def_rw("buffer", &Entry::buffer)
        .def_rw("offset", &Entry::offset)
        .def_rw("size", &Entry::size)
        .def(
            "__eq__",
            [](const Entry& a, const nb::object& b) {
                return nb::isinstance<Entry>(b) && a == nb::cast<const Entry&>(b);
            },
            nb::sig("def __eq__(self, other: object, /) -> bool"))
        .def("__hash__", [](const Entry& e) {
            return static_cast<uint64_t>(e.buffer) | static_cast<uint64_t>(e.offset) << 8 |
                   static_cast<uint64_t>(e.size) << 32;
        });
    nb::class_<Op>(m, "Op", "One operation. Offsets and sizes are in bytes.")
        .def(nb::init<>())
        .def("__copy__", [](const Op& op) { return Op(op); })
        .def_rw("kind", &Op::kind)
        .def_rw("cpu", &Op::cpu)
        .def_rw("split", &Op::split)
        .def_rw("unchecked", &Op::unchecked)
        .def_rw("high", &Op::high)
        .def_rw("private", &Op::private_copy)
        .def_rw("given_device", &Op::given_device)
        .def_rw("given_size", &Op::given_size)
        .def_rw("given_direction", &Op::given_direction)
        .def_rw("given_attrs", &Op::given_attrs)
        .def_rw("given_count", &Op::given_count)
        .def_rw("reuse_list", &Op::reuse_list)
        .def_rw("device", &Op::device)
        .def_rw("buffer", &Op::buffer)
        .def_rw("mapping", &Op::mapping)
        .def_rw("direction", &Op::direction)
        .def_rw("attrs", &Op::attrs)
        .def_rw("buffer_kind", &Op::buffer_kind)
        .def_rw("count", &Op::count)
        .def_rw("list", &Op::list)
        .def_ro("entry_count", &Op::entry_count)
        .def_rw("offset", &Op::offset)
        .def_rw("size", &Op::size)
        .def_rw("cpu_offset", &Op::cpu_offset)
        .def_prop_rw(
            "entries",
            [](const Op& op) { return std::vector<Entry>(op.entries.begin(), op.entries.begin() + op.entry_count); },
            [](Op& op, const std::vector<Entry>& entries) {
                if (entries.size() > entries_max) throw nb::value_error("a scatterlist has at most four entries");
                op.entries = {};
                op.entry_count = static_cast<uint8_t>(entries.size());
                for (size_t i = 0; i < entries.size(); i++) op.entries[i] = entries[i];
            })
        .def(
            "__eq__",
            [](const Op& a, const nb::object& b) { return nb::isinstance<Op>(b) && a == nb::cast<const Op&>(b); },
            nb::sig("def __eq__(self, other: object, /) -> bool"));
    m.attr("Op").attr("__hash__") = nb::none();  // mutable, and compares by value
    m.attr("ENTRIES_MAX") = entries_max;
}

std::optional<PyProblem> py_check(const std::vector<Op>& ops) {
    auto problem = check(Program{ops});
    if (!problem) return std::nullopt;
    return PyProblem{problem->op, name_of(problem->problem.field), problem->problem.expected, problem->problem.entry};
}

}  // namespace

void bind_program(nb::module_& m) {
    m.attr("BUFFER_BYTES_MAX") = buffer_bytes_max;
    m.attr("PAGE_BYTES") = page_bytes;
    m.attr("CPUS_MAX") = cpus_max;
    m.attr("DEVICES_MAX") = devices_max;
    m.attr("BUFFERS_MAX") = buffers_max;
    m.attr("MAPPINGS_MAX") = mappings_max;
    m.attr("OPS_MAX") = ops_max;
    m.attr("RECORD_BYTES") = record_bytes;
    m.attr("ATTRS") =
        nb::make_tuple("SKIP_CPU_SYNC", "NO_WARN", "WEAK_ORDERING", "MMIO", "IGNORE_CACHELINES", "REQUIRE_COHERENT");
    bind_program_enums(m);
    bind_traits(m);
    bind_op(m);
    nb::class_<PyProblem>(m, "Problem", "What makes a program invalid: operation, field, and what was expected.")
        .def_ro("op", &PyProblem::op)
        .def_ro("field", &PyProblem::field)
        .def_ro("expected", &PyProblem::expected)
        .def_ro("entry", &PyProblem::entry, "scatterlist entry, or -1");
    m.def("check", &py_check, "ops"_a, "The first problem of a program, or None.");
    m.def(
        "clear_unused",
        [](Op op) {
            clear_unused(op);
            return op;
        },
        "op"_a, "The operation with every field that does not count for its kind set to zero.");
    m.def(
        "repair", [](const std::vector<Op>& ops) { return repair(Program{ops}).ops; }, "ops"_a,
        "A valid program as close to `ops` as a line-by-line repair gets.");
    m.def(
        "encode",
        [](const std::vector<Op>& ops) {
            auto bytes = encode(Program{ops});
            return nb::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        },
        "ops"_a, "The records of a program, RECORD_BYTES each.");
    m.def(
        "decode",
        [](nb::bytes data) { return decode(reinterpret_cast<const uint8_t*>(data.c_str()), data.size()).ops; },
        "data"_a, "The valid program that any byte string stands for.");
}

}  // namespace dmafuzz
