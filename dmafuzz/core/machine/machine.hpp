// SPDX-License-Identifier: GPL-2.0-only
// The machine: carries out a program on a platform, operation by operation, and writes down what
// that comes to: steps for the simulator, hook calls for the tracker. It looks at no cache.
// Source: docs/spec/coherency.md §4, docs/spec/verdicts.md §1 (What is run, Concurrency), docs/spec/trackers.md (Order
// of operation and hook), and docs/spec/coherency.md §4.1.
#pragma once

#include <algorithm>

#include "machine/iovas.hpp"
#include "machine/memory.hpp"
#include "run/run.hpp"

namespace dmafuzz {

struct Beginning;

class Machine {
public:
    // `program` must be valid. Everything in `run` is overwritten. `state`: becomes that of the machine when the
    // program has ended and its tidy-up has not begun, with all that of the run that can matter from then on. `keep`:
    // where all stands before the last line, to go on from there with other ones.
    void carry_out(const Program& program, const Platform& platform, Run& run, Digest* state = nullptr,
                   Beginning* keep = nullptr);
    // The same for a program that differs from the kept one in its last line, on the same platform: `run` is one that
    // has begun like it. Both lines must not look ahead.
    void go_on(const Beginning& kept, const Program& program, const Platform& platform, Run& run, Digest* state);
    // Is a line one that the machine looks for when it carries out those before it? Copy-on-write, where an extent of
    // the buffer is cut for it.
    static bool looked_ahead_to(const Op& op) { return op.kind == OpKind::cow && !op.private_copy; }

private:
    // A scatterlist: its entries, and the DMA addresses and lengths that a map left in it.
    struct List {
        uint8_t count = 0;
        bool marked = false;  // as bounced, behind an IOMMU
        std::array<Entry, entries_max> entries{};
        std::array<HookEntry, entries_max> state{};
        std::array<uint8_t, entries_max> segment_of{};  // which DMA segment an entry went into
    };

    // A call with its arguments, from its first half to its second.
    struct Call {
        Op op;
        uint8_t index = 0;
        uint8_t first_half = 0;      // the operation that made it
        size_t line = 0;             // of the program, where the first half stands
        bool skipped = false;        // the driver does not make it: its mapping was abandoned
        bool early_failure = false;  // map_single of a vmalloc address: no hook runs
        uint8_t device = 0;
        uint64_t dma = 0;
        uint32_t bytes = 0;
        Direction direction = Direction::bidirectional;
        uint8_t attrs = 0;
        uint8_t entries = 0;  // scatterlists: entries given
        uint8_t list = 0;
    };

    // Where a DMA address leads at this moment.
    struct Place {
        bool mapped = false;
        uint8_t piece = no_mapping;  // behind an IOMMU: the one whose page it is
        uint64_t phys = 0;
    };

    // What a page of the page table lets a device do.
    struct Permission {
        bool read, write;
    };

    // A mapping whose error is not checked yet: its device has no address yet.
    struct Waiting {
        uint8_t cpu, mapping;
    };
    // A run (carry_out.cpp)
    void start(const Program& program, const Platform& platform, Run& run);
    void back_to(const Beginning& kept, const Platform& platform);
    void carry_out_lines(size_t from, size_t to);
    void end_run(Digest* state);

    // Lines and calls (machine.cpp)
    void carry_out_line(const Op& op, uint8_t index);
    void begin_call(const Op& op, uint8_t index);
    void finish_call(Call& call);
    void operation(Call& call);
    void hook(Call& call);
    void after_map(const Call& call);
    void read_list(Call& call) const;
    void tell(const MappingFacts& mapping);
    bool hook_first(OpKind kind) const;
    Call resolve(const Op& op, uint8_t index);
    void other_line(const Op& op, uint8_t index);
    void start(uint8_t mapping);
    void hand_over_unchecked(const Op& op);
    void hand_over_all(uint8_t mapping);
    void break_page(const Op& op, uint8_t index);
    bool listed(uint64_t page) const;
    void note_question(const Op& op);
    void ask_for_error(const Op& op);
    void unbind(const Op& op, uint8_t index);
    void tidy_up();
    void name_device(uint8_t device);
    int first_pending() const;

    // The state (digest.cpp)
    void digest(Digest& into) const;
    void digest_call(Digest& into, const Call& call) const;

    // Maps and allocations (map.cpp)
    void map_one(Call& call);
    void map_list(Call& call);
    void allocate(Call& call);
    bool bounce(const Call& call, Piece& piece, uint8_t index);
    bool needs_bounce(const Piece& piece) const;
    bool small_and_unaligned(uint32_t bytes) const;
    bool out_of_reach(const Piece& piece) const;
    bool in_vmalloc_space(int buffer) const;
    void hand_over(const Call& call, uint8_t piece, bool maintained = true);
    void maintain_for_map(const Call& call, uint8_t piece);
    bool maintains_first(const Piece& piece) const;
    MappingFacts& fresh_mapping(const Op& op);
    MappingFacts& new_mapping(const Op& op, uint8_t pieces);
    void fail(Call& call);
    void limit_segments(const List& list, uint8_t first_piece);
    bool map_at_once(const Call& call, List& list, const MappingFacts& m);
    bool map_one_by_one(const Call& call, List& list, const MappingFacts& m);
    Piece piece_of(const Call& call, uint8_t buffer, uint32_t offset, uint32_t size, uint64_t phys) const;
    void write_segments(List& list, uint8_t first_piece, uint8_t device);
    uint8_t make_list(const Op& op);

    // Behind an IOMMU (translate.cpp)
    bool translate(const Call& call, Piece* first, int count, uint8_t index);
    void map_over(uint8_t index, Piece& piece, uint64_t page, uint64_t pages, uint64_t target);
    void redirect(uint8_t index, const Piece& piece, uint64_t page, uint64_t target, Permission permission);
    void redirect_into_slot(const Piece& piece);
    void stay_in_slot(uint8_t index);
    void write_redirects(int first, int last);
    void redirect_others(uint8_t index, const Piece& piece, uint64_t page, uint64_t pages, uint64_t target);
    Permission permission(const Piece& piece) const;
    void flush(uint8_t device, const Call& call);
    void unmap_range(const Call& call, uint64_t dma, uint64_t bytes);
    template <class Which>
    void cut_off_pages(uint8_t device, uint8_t but, uint64_t page, uint64_t pages, bool maybe, Which which);
    void give_back_iova(const Call& call, uint64_t page, uint64_t pages);
    Place place_of(uint8_t device, uint64_t dma) const;

    // Bounce slots (bounce.cpp)
    uint64_t slot_room(const Piece& piece) const;
    template <class Do>
    void each_slot_part(uint64_t phys, uint64_t bytes, Do what) const;
    void maintain(const Call& call, uint64_t phys, uint32_t bytes, bool for_cpu);
    void bounce_copy(uint64_t phys, uint32_t bytes, bool into_slot);
    uint64_t cut_copy(const Piece& piece, uint64_t offset, uint64_t bytes) const;
    void copy_part(uint8_t index, uint64_t offset, uint64_t size, bool own, bool into_slot);
    bool oops_at(uint8_t piece, uint64_t phys, uint64_t bytes);
    void release_slots(const Call& call, uint64_t phys, uint32_t bytes);
    void drop_slots(const Call& call, uint8_t index);

    // Calls on what is mapped (calls.cpp)
    void sync(const Call& call);
    void sync_at(const Call& call, uint64_t dma, uint32_t bytes);
    void sync_for_device_at(const Call& call, uint64_t phys, uint32_t bytes);
    void for_cpu(const Call& call, uint64_t phys, uint32_t bytes);
    void move_ownership(const Call& call);
    void end(const Call& call);
    void end_page(const Call& call, uint64_t dma, uint32_t bytes);
    void end_list(const Call& call);
    void end_ownership(uint8_t mapping, bool by_call);
    void free_memory(const Call& call, MappingFacts& m);
    bool leads_nowhere(int buffer) const {
        return memory_.home(buffer).kind == BufferKind::coherent && unmapped_[static_cast<size_t>(buffer)];
    }
    bool unmaps_address(const Call& call, const MappingFacts& m) const;
    bool listed_pages(const MappingFacts& m) const;
    uint64_t freed_block(const Call& call, uint64_t phys) const;
    void free_what_is_there(const Call& call, const MappingFacts& m);
    void free_by_pages(const Call& call, MappingFacts& m);
    void free_block(const Call& call, MappingFacts& m, uint64_t phys);
    void free_others(uint8_t piece, uint64_t phys, uint64_t bytes);

    // Devices (device.cpp)
    void device_access(const Op& op);
    void device_access_piece(const Op& op, uint8_t piece, uint32_t offset, uint32_t size);
    void access_place(const Op& op, const Step& line, uint64_t dma);
    uint64_t in_a_row(uint8_t device, uint64_t dma, uint64_t bytes) const;
    void land(const Step& line, uint64_t phys, uint32_t size, bool maybe);
    void read_beyond(const Step& line, uint64_t phys);

    // Writing things down (machine.cpp, ranges.cpp)
    Step& step(StepKind kind) { return run_->steps.emplace_back(Step{kind, now_}); }
    void emit(const Step& step);
    void touch(uint64_t phys, uint64_t bytes);
    void add_range(uint64_t phys, uint64_t bytes);
    void add_ranges_of(const BufferPart& part);
    void collect_ranges();
    void touch_at(uint8_t device, uint64_t dma, uint64_t bytes);
    void note_range(const Call& call);
    void note_list(const Call& call);
    void note_meant(const Call& call);
    void note_again(const Call& call);
    Area area_of(int buffer, int cpu, bool address_only) const;
    bool translates(uint8_t device) const {
        return platform_.get<&Platform::iommu>() != Iommu::off && platform_.get<&Device::iommu>(device);
    }
    bool coherent(uint8_t device) const { return platform_.get<&Device::coherent>(device); }

    PlatformView platform_;
    const Program* program_ = nullptr;
    Run* run_ = nullptr;
    uint8_t now_ = 0;           // the operation carried out
    uint8_t mappings_end_ = 0;  // the last mapping made so far, by its number, plus one
    // In the order in which they came up, so that renaming changes nothing of what the tidy-up does.
    std::vector<uint8_t> made_;           // mappings
    std::vector<uint8_t> named_devices_;  // by lines of the program
    uint8_t devices_seen_ = 0;            // the same, a bit each
    Memory memory_;
    SlotPool slots_;
    bool slots_used_ = false;
    std::array<Iovas, devices_max> iovas_;
    uint8_t iovas_used_ = 0;  // of devices, a bit each
    bool stopped_ = false;    // by an oops
    bool tidying_up_ = false;
    std::vector<Waiting> waiting_;
    std::vector<Step> redirects_;  // that a map comes to, until its pieces are there
    std::array<bool, buffers_max> allocated_with_irqs_on_{};
    std::array<bool, buffers_max> unmapped_{};          // allocations whose vmalloc address leads nowhere any more
    std::array<uint8_t, buffers_max> allocated_for_{};  // the device
    std::array<Call, cpus_max> pending_{};
    std::array<bool, cpus_max> has_pending_{};
    std::array<bool, cpus_max> irqs_off_{};
    std::vector<List> lists_;
    std::vector<BufferPart> named_;   // by the program's steps
    std::array<Range, 64> latest_{};  // programs name the same few ranges over and over
};

// A machine and its run after some lines of a program.
struct Beginning {
    Machine machine;
    Run::Mark run;
};

// The pieces that have the slots of a part of the pool, as far as their mappings go.
template <class Do>
void Machine::each_slot_part(uint64_t phys, uint64_t bytes, Do what) const {
    const uint64_t end = std::min(phys + bytes, pool_limit);
    for (uint64_t at = phys; at < end;) {
        const uint8_t owner = slots_.owner(slot_at(at));
        uint64_t to = at;
        while (to < end && slots_.owner(slot_at(to)) == owner)
            to = std::min(end, pool_base + (slot_at(to) + 1) * slot_bytes);
        if (owner != SlotPool::no_owner) {
            const Piece& p = run_->pieces[owner];
            const uint64_t offset = at - p.slot, last = std::min<uint64_t>(to - p.slot, p.size);
            if (offset < last) what(owner, static_cast<uint32_t>(offset), static_cast<uint32_t>(last - offset));
        }
        at = to;
    }
}

}  // namespace dmafuzz
