// The machine: carries out a program on a platform, operation by operation, and writes down what
// that comes to: steps for the simulator, hook calls for the tracker. It looks at no cache.
// Source: the specification's coherency.md (4.), verdicts.md (What is run, Concurrency), trackers.md (Order of
// operation and hook), and the project's ARCHITECTURE.md (Choices).
#pragma once

#include "machine/memory.hpp"
#include "machine/run.hpp"

namespace dmafuzz {

class Machine {
  public:
    // `program` must be valid. Everything in `run` is overwritten. `state`: becomes that of the machine when the program has
    // ended and its tidy-up has not begun, with all that of the run that can matter from then on.
    void carry_out(const Program& program, const Platform& platform, Run& run, Digest* state = nullptr);

  private:
    // A scatter list: its entries, and the DMA addresses and lengths that a map left in it.
    struct List {
        uint8_t count = 0;
        bool bounced = false;
        std::array<Entry, entries_max> entries{};
        std::array<HookEntry, entries_max> state{};
        std::array<uint8_t, entries_max> segment_of{};  // which DMA segment an entry went into
    };

    // A call with its arguments, from its first half to its second.
    struct Call {
        Op op;
        uint8_t index = 0;
        size_t line = 0;           // of the program, where the first half stands
        bool skipped = false;      // the driver does not make it: its mapping was abandoned
        bool early_failure = false;  // map_single of a vmalloc address: no hook runs
        uint8_t device = 0;
        uint64_t dma = 0;
        uint32_t bytes = 0;
        Direction direction = Direction::bidirectional;
        uint8_t attrs = 0;
        uint8_t entries = 0;       // scatter lists: entries given
        uint8_t list = 0;
    };

    // What an address stands for at this moment.
    struct Hit {
        enum class What : uint8_t { none, memory, slot } what = What::none;
        uint8_t piece = no_mapping;  // or the piece whose translation or slot it is
        int32_t offset = 0;        // bytes, in the piece
        uint64_t phys = 0;
    };

    // A part of a buffer, in bytes.
    struct Named {
        uint8_t buffer;
        uint32_t offset, size;
    };

    // Lines and calls (machine.cpp)
    void carry_out_line(const Op& op, uint8_t index);
    void begin_call(const Op& op, uint8_t index);
    void finish_call(Call& call);
    void operation(Call& call);
    void hook(Call& call);
    void after_map(const Call& call);
    bool hook_first(OpKind kind) const;
    Call resolve(const Op& op, uint8_t index);
    void other_line(const Op& op, uint8_t index);
    void start(uint8_t mapping);
    bool listed(int buffer, uint32_t offset, uint32_t size) const;
    void unbind(const Op& op, uint8_t index);
    void tidy_up();

    // The state (digest.cpp)
    void digest(Digest& into) const;
    void digest_call(Digest& into, const Call& call) const;

    // Maps and allocations (map.cpp)
    void map_one(Call& call);
    void map_list(Call& call);
    void allocate(Call& call);
    bool bounce(Piece& piece, bool may_bounce);
    bool needs_bounce(const Piece& piece) const;
    bool out_of_reach(const Piece& piece) const;
    bool translate(Piece* first, int count, uint8_t index);
    void release_slot(Piece& piece);
    void release_translation(uint8_t piece);
    void hand_over(const Call& call, uint8_t piece);
    MappingFacts& new_mapping(const Op& op, uint8_t pieces);
    void fail(Call& call);
    void limit_segments(const List& list, uint8_t first_piece);
    void give_up_list(List& list, const MappingFacts& mapping, int failed);
    bool translate_list(List& list, const MappingFacts& mapping);
    void write_segments(List& list, uint8_t first_piece, uint8_t device);
    uint8_t make_list(const Op& op);

    // Calls on what is mapped (calls.cpp)
    Hit hit(uint8_t device, uint64_t dma) const;
    void sync(const Call& call);
    void sync_at(const Call& call, uint64_t dma, uint32_t bytes);
    void sync_hit(const Call& call, const Hit& at, uint32_t bytes);
    void move_ownership(const Call& call);
    void end(const Call& call);
    void end_at(const Call& call, uint64_t dma, uint32_t bytes);
    void end_list(const Call& call);
    bool in_slot(const Hit& at, Step& step) const;
    void for_cpu(const Call& call, const Hit& at, uint32_t bytes);
    void tear_down(const Call& call, uint8_t piece, bool slot_too);
    void end_ownership(uint8_t mapping);
    void device_access(const Op& op, uint8_t index);
    void device_post(const Op& op);
    void device_access_piece(const Op& op, uint8_t piece, uint32_t offset, uint32_t size);

    // Writing things down (machine.cpp, ranges.cpp)
    Step& step(StepKind kind);
    void emit(const Step& step);
    void touch(uint64_t phys, uint64_t bytes);
    void add_range(uint64_t phys, uint64_t bytes);
    void add_ranges_of(const Named& part);
    void collect_ranges();
    void touch_at(uint8_t device, uint64_t dma, uint32_t bytes);
    Area area_of(int buffer, int cpu, bool address_only) const;
    bool translates(uint8_t device) const { return platform_.get<&Platform::iommu>() != Iommu::off && platform_.get<&Device::iommu>(device); }
    bool coherent(uint8_t device) const { return platform_.get<&Device::coherent>(device); }

    AskedPlatform platform_;
    const Program* program_ = nullptr;
    Run* run_ = nullptr;
    uint8_t now_ = 0;  // the operation carried out
    Memory memory_;
    Arena slots_;
    std::array<Arena, devices_max> iovas_;
    std::array<Call, cpus_max> pending_{};
    std::array<bool, cpus_max> has_pending_{};
    std::array<bool, cpus_max> irqs_off_{};
    std::vector<List> lists_;
    std::vector<Named> named_;                 // by the program's steps
    std::array<Range, 64> latest_{};           // programs name the same few ranges over and over
};

}  // namespace dmafuzz
