// SPDX-License-Identifier: GPL-2.0-only
// What a machine does with a program, for the confirmation on a real one: where buffers live, what a mapping
// covers, and what each operation does to memory and to ownership.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/ideal.hpp"
#include "binding/judgement.hpp"
#include "binding/record.hpp"
#include "judge/judge.hpp"
#include "machine/memory.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

// The steps that decide what memory should hold, and who may touch it; the others are the machine's own business.
bool is_told(StepKind kind) {
    switch (kind) {
        case StepKind::alloc:
        case StepKind::appear:
        case StepKind::die:
        case StepKind::move:
        case StepKind::cpu_read:
        case StepKind::cpu_write:
        case StepKind::cpu_dirty:
        case StepKind::begin:
        case StepKind::told:
        case StepKind::end:
        case StepKind::to_device:
        case StepKind::to_cpu:
        case StepKind::device_write:
        case StepKind::device_post:
        case StepKind::fault:
        case StepKind::oops:
        case StepKind::slot_gone: return true;
        default: return false;
    }
}

struct RunRecord {
    Tuple<Op> ops;
    Tuple<Extent> extents;
    Tuple<Piece> pieces;
    Tuple<Step> steps;
};

nb::tuple extents_of(const Run& run) {
    std::vector<Extent> out;
    for (const Extent& e : run.extents)
        if (e.buffer != stack_buffer) out.push_back(e);
    return as_tuple_of(out);
}

nb::tuple steps_of(const Run& run) {
    std::vector<Step> out;
    for (const Step& s : run.steps)
        if (is_told(s.kind)) out.push_back(s);
    return as_tuple_of(out);
}

RunRecord run_of(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    start(judge, ops, platform);
    const Run& run = judge.analyse(platform).run;
    return {as_tuple_of(run.ops), extents_of(run), as_tuple_of(run.pieces), steps_of(run)};
}

void bind_run_parts(nb::module_& m) {
    bind_names<StepKind>(m, "StepKind", "What an operation does to memory and to ownership.");
    Record<Extent>(m, "Extent", "Physical memory that holds part of a buffer, for a time.")
        .field("buffer", &Extent::buffer)
        .field("offset", &Extent::offset, "in the buffer, in bytes")
        .field("size", &Extent::size, "in bytes")
        .field("phys", &Extent::phys, "physical address")
        .field("first", &Extent::first, "where it was born; False: moved there by copy-on-write");
    Record<Piece>(m, "Piece", "A contiguous part of a mapping: all of it, or one scatterlist entry.")
        .field("mapping", &Piece::mapping)
        .field("buffer", &Piece::buffer)
        .field("direction", &Piece::direction)
        .field("via", &Piece::via)
        .field("joint", &Piece::joint, "of a coherent allocation: CPU and device own it together")
        .field("offset", &Piece::offset, "in the buffer, in bytes")
        .field("size", &Piece::size, "in bytes")
        .field("phys", &Piece::phys, "physical address of its first byte when it was mapped");
    Record<Step>(m, "Step", "A step of an operation.")
        .field("kind", &Step::kind)
        .field("op", &Step::op, "the operation, by its number from 0")
        .field("buffer", &Step::buffer)
        .field("piece", &Step::piece, "its place among the pieces")
        .field("offset", &Step::offset, "in the buffer, or the piece, in bytes")
        .field("size", &Step::size, "in bytes");
    using R = RunRecord;
    Record<R>(m, "Run", "What a machine does with a program.")
        .field("ops", &R::ops, "as carried out, tidy-up included")
        .field("extents", &R::extents)
        .field("pieces", &R::pieces)
        .field("steps", &R::steps, "those that decide what memory should hold, and who may touch it");
}

struct Layout {
    uint64_t text = text_base, rodata = rodata_base, stacks = stack_base;
    uint64_t stack_bytes = dmafuzz::stack_bytes;
    uint64_t pages = page_base, high = high_base;
};

}  // namespace

void bind_run(nb::module_& m) {
    bind_run_parts(m);
    bind_ideal(m);
    Record<Layout>(m, "Layout", "Where kinds of memory begin: physical addresses.")
        .field("text", &Layout::text)
        .field("rodata", &Layout::rodata)
        .field("stacks", &Layout::stacks)
        .field("stack_bytes", &Layout::stack_bytes, "of each CPU's stack")
        .field("pages", &Layout::pages)
        .field("high", &Layout::high);
    m.attr("LAYOUT") = Layout{};
    m.def("run", &run_of, "judge"_a, "ops"_a, "platform"_a, "What the machine does with the program there.");
}

}  // namespace dmafuzz
