// SPDX-License-Identifier: GPL-2.0-only
// dma-debug, as a model: H, the hash of live entries; C, the active cachelines; and the checks.
// Source: docs/spec/trackers.md; read against lib/dma-debug.c and kernel/dma/debug.c of the eras.
#pragma once

#include "tracker/active_lines.hpp"
#include "tracker/era.hpp"
#include "tracker/shadow.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

class DmaDebug final : public Tracker {
public:
    explicit DmaDebug(const Era& era) : era_(era) {}
    void watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink* sink) override;
    void watch_with_state(const std::vector<HookCall>& calls, size_t count, const Platform& platform, Watch& out,
                          Digest& state) override;
    void explain(const std::vector<HookCall>& calls, const Platform& platform, Watch& out) override;
    bool entries(const std::vector<HookCall>& calls, size_t count, const Platform& platform,
                 std::vector<TrackedEntry>& out) override;
    bool cost(Cost& out) const override {
        out = cost_;
        return true;
    }

private:
    enum class Type : uint8_t { single, page, sg, coherent, resource, noncoherent, phys };
    enum class MapError : uint8_t { not_applicable, not_checked, checked };

    struct Entry {
        uint64_t dma = 0, size = 0, phys = 0;
        uint32_t bucket = 0;
        uint8_t device = 0;
        uint8_t attrs = 0;
        Type type = Type::single;
        Direction direction = Direction::bidirectional;
        uint8_t nents = 0, mapped = 0;  // of a scatterlist
        MapError map_error = MapError::not_applicable;
        uint8_t mapping = no_mapping;
        uint8_t op = no_op;
        bool own_error_checked = false;  // its error, by a call that named this mapping
    };
    enum class Match : uint8_t { exact, containing };
    static constexpr int not_found = -1;

    void start(const Platform& platform, Watch& out, PathSink* sink, bool explaining);
    void take_some(const std::vector<HookCall>& calls, size_t from, size_t to);
    void digest(Digest& into) const;

    // Hooks (hooks.cpp)
    void handle(const HookCall& call);
    void map_page(const HookCall& call, bool resource = false);
    void map_resource(const HookCall& call);
    void map_sg(const HookCall& call);
    void insert_merged(const HookCall& call, uint16_t owner);
    void remove_merged(uint16_t owner);
    void allocation(const HookCall& call, Type type, uint8_t attrs);
    void sync_sg(const HookCall& call, bool to_cpu);
    void unmap_sg(const HookCall& call);
    void unmap_resource(const HookCall& call);
    void free_coherent(const HookCall& call);
    void alloc_noncoherent(const HookCall& call);
    void free_noncoherent(const HookCall& call);
    HookCall noncoherent(const HookCall& call) const;
    void unbind(const HookCall& call);

    // Checks (checks.cpp)
    bool mapping_error(uint8_t device, uint64_t dma);
    void mark_asked(uint8_t device, uint64_t dma);
    void check_area(const HookCall& call, Area area);
    void check_segment(const HookCall& call, const HookEntry& e);
    void check_unmap(const HookCall& call, const Entry& ref);
    void check_freed(const HookCall& call, const Entry& ref, int found);
    void check_sync(const HookCall& call, Entry ref, bool to_cpu);
    void check_idle(const HookCall& call);
    int mapped_entries(const Entry& ref);
    Entry reference(const HookCall& call, Type type) const;
    Entry element(const HookCall& call, const HookEntry& e) const;
    Type page_type(const HookCall& call) const;

    // H (dma_debug.cpp)
    Entry& entry(int index) { return pool_[live_[static_cast<size_t>(index)]]; }
    uint16_t take_from_pool(const Entry& entry);
    uint16_t insert(const HookCall& call, const Entry& entry);
    void remove(int index);
    int find_exact(const Entry& ref) { return best_in_bucket(ref, Match::exact, bucket_of(ref.dma)); }
    int find_for_sync(const HookCall& call, const Entry& ref);
    int walk(const Entry& ref, uint64_t buckets, bool shifted);
    int best_in_bucket(const Entry& ref, Match match, uint64_t bucket);
    bool matches(const Entry& ref, const Entry& entry, Match match) const;
    uint64_t bucket_of(uint64_t dma) const { return dma >> bucket_shift & (era_.hash_size - 1); }
    uint64_t distance(const Entry& ref, const Entry& e) const {
        return (bucket_of(ref.dma) - e.bucket) & (era_.hash_size - 1);
    }

    // C (lines.cpp)
    uint64_t line_bytes() const;
    std::pair<uint64_t, uint64_t> keys_of(const Entry& entry) const;
    bool tracked(const Entry& entry) const;
    void insert_lines(const HookCall& call, uint16_t slot);
    uint16_t add_to_line(const HookCall& call, uint64_t key, uint16_t slot);
    void remove_lines(const Entry& entry);
    uint16_t in_the_way(uint16_t added, const ActiveLine& line) const;
    bool conflicts(const Entry& a, const Entry& b) const;
    bool exempt(const Entry& entry, const Entry& first) const;
    bool clean(const Entry& entry) const;
    uint16_t first_active_line(uint64_t page);
    uint16_t first_entry_from(uint64_t page);
    uint16_t entry_at(uint64_t page);
    uint16_t anything_in_page(uint64_t page) const;

    // What it does not say, and why (missing_warnings.cpp); only while `explaining_`, or where ownership is tracked
    void take_following(const HookCall& call);
    void note_missing(const HookCall& call, WarningId id, Reason reason, const Entry* about = nullptr,
                      uint32_t more = 0);
    void add_regions(const HookCall& call);
    void explain_overlaps(const HookCall& call, const Region& added);
    Reason why_no_overlap(const Region& added, const Region& other);
    Reason exemption(const Entry& entry, const Entry& first) const;
    uint64_t shared_bytes() const;
    void explain_found(const HookCall& call, const Entry& ref, int found, bool sync);
    void explain_freed(const HookCall& call, const Entry& ref, const Entry& e);
    void explain_sync(const HookCall& call, const Entry& ref, const Entry& e);
    void explain_turns(const HookCall& call);
    void explain_copy(const HookCall& call);
    void explain_unbind(const HookCall& call);
    void explain_resource(const HookCall& call);
    bool is_live(uint16_t slot) const;
    const Entry* entry_of(const Region& region) const;

    Warning warning_of(const HookCall& call, WarningId id, const Entry* about, uint32_t more) const;
    void warn(const HookCall& call, WarningId id, const Entry* about = nullptr, uint32_t more = 0);
    void warn_line(const HookCall& call, WarningId id, const Entry& first, uint64_t key, bool counted);
    void note(uint64_t what) {
        if (sink_) sink_->path((static_cast<uint64_t>(call_kind_) << 32) ^ what);
    }

    static constexpr int bucket_shift = 13;  // 8 KiB of addresses a bucket
    static constexpr uint16_t no_slot = 0xffff;

    Era era_;
    PlatformView platform_;
    Watch* out_ = nullptr;
    PathSink* sink_ = nullptr;
    uint16_t call_ = 0;
    HookKind call_kind_ = HookKind::map_page;
    // Entries by their place in the pool, whose free list is last in, first out: a line may point to one that is
    // free, or that is something else by now.
    std::vector<Entry> pool_;
    std::vector<uint16_t> free_;
    std::vector<uint16_t> live_;                         // in order of insertion, as the buckets keep it
    std::vector<std::pair<uint16_t, uint16_t>> merged_;  // elements in C, but not in H, by the entry that they go with
    ActiveLines lines_;
    std::vector<std::pair<uint64_t, uint16_t>> found_;  // lines, in order of key
    bool overlap_warned_ = false;                       // WARN_ONCE
    bool resource_warned_ = false;                      // WARN_ON_ONCE
    bool hangs_ = false;                                // nothing more happens
    bool explaining_ = false;
    uint8_t naming_ = no_mapping;  // the mapping that the call at work names
    Shadow shadow_;
    Cost cost_;
};

}  // namespace dmafuzz
