// SPDX-License-Identifier: GPL-2.0-only
// What a platform does with a program, before any cache is looked at: addresses,
// the machine's steps for the simulator, and the hook calls for the tracker.
#pragma once

#include <cstdint>
#include <vector>

#include "program/op.hpp"
#include "run/hook.hpp"
#include "run/platform_view.hpp"

namespace dmafuzz {

// The live data on the CPUs' stacks around stack buffers, as a buffer of its own.
inline constexpr uint8_t stack_buffer = buffers_max;
inline constexpr int buffers_with_stack = buffers_max + 1;

// Physical memory that holds part of a buffer, for a time. Offsets and sizes in bytes.
struct Extent {
    uint8_t buffer;
    uint32_t offset;
    uint32_t size;
    uint64_t phys;
    bool first;  // the home it was born in; false: moved there by copy-on-write
    bool operator==(const Extent&) const = default;
};

// How a device reaches the memory of a piece.
enum class Via : uint8_t { direct, slot, nothing, count_ };
const char* name_of(Via via);

// A contiguous part of a mapping: all of it, or one scatterlist entry.
struct Piece {
    uint8_t mapping;
    uint8_t device;
    uint8_t buffer;
    Direction direction;
    Via via;
    bool joint;       // of a coherent allocation: CPU and device own it together
    bool translated;  // behind an IOMMU: the IOVA that was taken for it has not been given back
    bool slot_live;   // it has some of its slots still
    uint32_t offset;  // bytes, in the buffer
    uint32_t size;
    uint32_t reachable;  // bytes that the device gets at; the rest is void (segment limits)
    uint64_t phys;       // of the first byte when it was mapped
    uint64_t slot;       // the bounce slot's address
    uint64_t dma;
    // What was taken for it: one IOVA for a whole scatterlist, at its first piece, unless an entry of it is bounced.
    uint64_t iova_page;
    uint32_t iova_pages;
    bool operator==(const Piece&) const = default;
};

enum class StepKind : uint8_t {
    alloc,     // buffer: written by the CPU through the cache
    appear,    // buffer: in memory, fresh, not cached
    die,       // buffer
    move,      // buffer, offset, size: copy-on-write to phys
    cpu_read,  // buffer, offset, size
    cpu_write,
    cpu_dirty,
    begin,          // piece: the mapping is live; `untold`: its call has not returned, and nobody knows its address
    told,           // piece: it has
    end,            // piece
    to_device,      // piece, offset, size (in the piece): hand-over
    to_cpu,         // piece, offset, size
    maintain,       // phys, size: cachelines
    maintain_slot,  // piece, offset, size
    copy_in,        // piece, offset, size: buffer to slot
    copy_back,      // piece, offset, size: slot to buffer
    slot_gone,      // piece, offset, size: that part of its slot was given back
    cut_off,     // piece, offset, size: translation torn down by a call that it does not belong to; `maybe`: until the
                 // flush it may work
    redirect,    // piece, offset, size, phys: its device gets there, which may be the piece's own memory again
    stray_copy,  // phys, size: the CPU copies unrelated bytes over the buffer that lies there
    not_theirs,  // phys, size: freed under the buffer that lies there: memory and cached copy are foreign from now on
    device_write,  // piece, offset, size: a device line that is entitled
    device_post,   // the same, while the CPU looks, whichever side owns it
    device_read,   // piece, offset, size: a device line that reads past the piece's end, at phys; 0: where no memory of
                   // the program is
    wild_memory,   // phys, size: a device write that is not; `maybe`: or it faults
    wild_slot,     // piece, offset, size
    fault,         // piece
    sleep,         // piece
    oops,          // piece: the kernel itself faults; the run ends here
    wrong_free,    // piece: pages freed that belong to another owner, outside the program
    settle,        // the unasked steps after operation `op`, and the look for corruption
    count_,
};
const char* name_of(StepKind kind);

struct Step {
    StepKind kind;
    uint8_t op;
    uint8_t buffer = 0;
    uint8_t piece = 0;
    Maintenance maintenance = Maintenance::none;
    bool coherent = false;  // wild_memory, device_read: the device's
    bool listed = false;    // move: a scatterlist names the old page
    bool pending = false;   // begin: the hand-over waits for the question after the map's error
    bool untold = false;
    bool maybe = false;
    bool no_read = false;  // redirect: the page there forbids it
    bool no_write = false;
    bool no_call = false;  // end: the map has failed, and no call has covered the mapping
    bool post = false;     // wild_memory, wild_slot: the line is a post, for which its device need not own anything
    uint8_t asker = 0;     // wild_memory, wild_slot: the piece that a device line goes through; where it is entitled,
                           // nothing wild happens
    uint32_t offset = 0;   // bytes
    uint32_t size = 0;     // bytes
    uint64_t phys = 0;
    bool operator==(const Step&) const = default;
};

// Physical memory that an operation's call reaches: by the addresses that it is given, as they are translated just
// before.
struct Touch {
    uint8_t op;
    uint64_t phys;
    uint32_t size;  // bytes
    bool operator==(const Touch&) const = default;
};

// Bytes of a buffer.
struct BufferPart {
    uint8_t buffer;
    uint32_t offset, size;
    bool operator==(const BufferPart&) const = default;
};

// What an operation's call means: of the buffer of the mapping that it names, wherever that lives.
struct Meant {
    uint8_t op;
    BufferPart part;
    bool operator==(const Meant&) const = default;
};

// Physical memory that something begins or ends with: a step, a piece, what a call names.
struct Range {
    uint64_t from, to;
    bool operator==(const Range&) const = default;
};

struct MappingFacts {
    bool defined = false;
    bool live = false;
    bool failed = false;
    bool abandoned = false;  // failed and checked: no line that names it is carried out
    bool forgotten = false;
    bool ended_wrong = false;  // by a call with a wrong address, device or function
    bool by_pages =
        false;  // an allocation behind an IOMMU that keeps a list of its pages (where the platform's kernel does)
    bool memory_lost = false;  // an allocation: of its pages some will never be given back
    OpKind map = OpKind::map_single;
    uint8_t device = 0;
    Direction direction = Direction::bidirectional;
    uint8_t attrs = 0;
    uint8_t piece = 0;  // the first of its pieces
    uint8_t pieces = 0;
    uint8_t list = 0;    // of a scatterlist
    uint8_t buffer = 0;  // of an allocation
    uint32_t size = 0;   // bytes
    uint64_t dma = 0;
};

struct LeakSuspect {
    uint8_t op;
    uint8_t mapping;
    bool needs_entry;  // a leak only if the tracker still has an entry for it
};

struct Run {
    Features features_read = 0;  // of the platform
    std::vector<Op> ops;         // as carried out: the program, then its tidy-up
    int program_ops = 0;
    size_t program_steps = 0, program_hooks = 0;  // those before the tidy-up
    std::vector<Step> steps;
    std::vector<Piece> pieces;
    std::vector<Extent> extents;
    std::vector<HookCall> hooks;
    std::vector<Touch> touches;
    std::vector<Meant> meant;
    std::vector<Range> ranges;  // mostly each once
    std::vector<LeakSuspect> leaks;
    std::array<MappingFacts, mappings_max> mappings;
    std::array<BufferKind, buffers_with_stack> kinds;
    std::array<bool, buffers_max> uncached;  // CPU accesses bypass the cache

    void clear();

    // Where it stands while it is made: what is only added to, by its length; what changes in place, as it is.
    struct Mark {
        size_t ops = 0, steps = 0, extents = 0, hooks = 0, touches = 0, meant = 0, ranges = 0, leaks = 0;
        std::vector<Piece> pieces;
        std::vector<MappingFacts> mappings;  // up to the last one that is defined
        std::array<BufferKind, buffers_with_stack> kinds;
        std::array<bool, buffers_max> uncached;
    };
    void mark(Mark& mark) const;
    // Of this run or one that has begun like it: all that has come after is gone.
    void back_to(const Mark& mark);
};

}  // namespace dmafuzz
