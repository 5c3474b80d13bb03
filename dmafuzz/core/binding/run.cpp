// What a program comes to on a machine, for whoever carries it out on a real one: where buffers live, what a mapping
// covers, and what each operation does to memory and to ownership.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "judge/judge.hpp"
#include "machine/memory.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

// The steps that decide what memory should hold, and who may touch it; the others are the machine's own business.
const char* name_of(StepKind kind) {
    switch (kind) {
        case StepKind::alloc: return "alloc";
        case StepKind::appear: return "appear";
        case StepKind::die: return "die";
        case StepKind::move: return "move";
        case StepKind::cpu_read: return "cpu-read";
        case StepKind::cpu_write: return "cpu-write";
        case StepKind::cpu_dirty: return "cpu-dirty";
        case StepKind::begin: return "begin";
        case StepKind::told: return "told";
        case StepKind::end: return "end";
        case StepKind::to_device: return "to-device";
        case StepKind::to_cpu: return "to-cpu";
        case StepKind::device_write: return "device-write";
        case StepKind::device_post: return "device-post";
        case StepKind::oops: return "oops";
        case StepKind::slot_gone: return "slot-gone";
        default: return nullptr;
    }
}

nb::list extents_of(const Run& run) {
    nb::list out;
    for (const Extent& e : run.extents) {
        if (e.buffer == stack_buffer) continue;
        nb::dict d;
        d["buffer"] = static_cast<int>(e.buffer);
        d["offset"] = static_cast<uint64_t>(e.offset);
        d["size"] = static_cast<uint64_t>(e.size);
        d["phys"] = e.phys;
        d["first"] = e.first;
        out.append(d);
    }
    return out;
}

nb::list pieces_of(const Run& run) {
    nb::list out;
    for (const Piece& p : run.pieces) {
        nb::dict d;
        d["mapping"] = static_cast<int>(p.mapping);
        d["buffer"] = static_cast<int>(p.buffer);
        d["direction"] = nb::cast(p.direction);
        d["via"] = p.via == Via::direct ? "direct" : p.via == Via::slot ? "slot" : "nothing";
        d["joint"] = p.joint;
        d["offset"] = static_cast<uint64_t>(p.offset);
        d["size"] = static_cast<uint64_t>(p.size);
        d["phys"] = p.phys;
        out.append(d);
    }
    return out;
}

nb::list steps_of(const Run& run) {
    nb::list out;
    for (const Step& s : run.steps) {
        const char* name = name_of(s.kind);
        if (!name) continue;
        nb::dict d;
        d["kind"] = name;
        d["op"] = static_cast<int>(s.op);
        d["buffer"] = static_cast<int>(s.buffer);
        d["piece"] = static_cast<int>(s.piece);
        d["offset"] = static_cast<uint64_t>(s.offset);
        d["size"] = static_cast<uint64_t>(s.size);
        out.append(d);
    }
    return out;
}

nb::dict run_of(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    judge.start(Program{ops});
    const Run& run = judge.analyse(platform).run;
    nb::dict d;
    d["ops"] = nb::cast(run.ops);
    d["extents"] = extents_of(run);
    d["pieces"] = pieces_of(run);
    d["steps"] = steps_of(run);
    return d;
}

}  // namespace

void bind_run(nb::module_& m) {
    nb::dict layout;
    layout["text"] = text_base;
    layout["rodata"] = rodata_base;
    layout["stacks"] = stack_base;
    layout["stack_bytes"] = stack_bytes;
    layout["pages"] = page_base;
    layout["high"] = high_base;
    m.attr("LAYOUT") = layout;
    m.def("run", &run_of, "judge"_a, "ops"_a, "platform"_a,
          "What the program comes to there: ops (tidy-up included), extents, pieces, steps; offsets and sizes in bytes.");
}

}  // namespace dmafuzz
