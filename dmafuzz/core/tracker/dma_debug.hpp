// dma-debug, as a model: H, the hash of live entries; C, the active cache lines; and the checks.
// Source: the specification's trackers.md; read against kernel/dma/debug.c.
#pragma once

#include "tracker/era.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

class DmaDebug final : public Tracker {
  public:
    explicit DmaDebug(const Era& era) : era_(era) {}
    void watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink* sink) override;

  private:
    enum class Type : uint8_t { single, sg, coherent, resource, noncoherent };
    enum class MapError : uint8_t { not_applicable, not_checked, checked };

    struct Entry {
        uint64_t dma = 0, size = 0, phys = 0;
        uint8_t device = 0;
        Type type = Type::single;
        Direction direction = Direction::bidirectional;
        int nents = 0, mapped = 0;  // of a scatter list
        MapError map_error = MapError::not_applicable;
        uint8_t mapping = no_mapping;
    };
    // An active cache line: its first entry's mapping, and the overlaps beyond it (three tag bits).
    struct Line {
        uint64_t key;
        uint8_t mapping;
        uint8_t overlaps;
    };
    enum class Match : uint8_t { exact, containing };

    // Hooks (hooks.cpp)
    void take(const HookCall& call);
    void map_page(const HookCall& call);
    void map_sg(const HookCall& call);
    void allocation(const HookCall& call, Type type);
    void sync_sg(const HookCall& call, bool to_cpu);
    void unmap_sg(const HookCall& call);
    void unbind(const HookCall& call);
    bool mapping_error(uint8_t device, uint64_t dma);
    void check_area(const HookCall& call, Area area);
    void check_segment(const HookCall& call, const HookEntry& e);
    void check_unmap(const HookCall& call, const Entry& ref);
    void check_sync(const HookCall& call, const Entry& ref, bool to_cpu);
    Entry reference(const HookCall& call, Type type) const;
    Entry element(const HookCall& call, const HookEntry& e) const;
    Type page_type(const HookCall& call) const;

    // State (dma_debug.cpp)
    void insert(const HookCall& call, const Entry& entry);
    void remove(size_t index);
    int find(const Entry& ref, Match match);
    int best_in_bucket(const Entry& ref, Match match, uint64_t distance) const;
    bool matches(const Entry& ref, const Entry& entry, Match match) const;
    uint64_t bucket_of(uint64_t dma) const { return dma >> bucket_shift & (era_.hash_size - 1); }
    uint64_t line_key(const Entry& entry) const;
    void warn(const HookCall& call, WarningId id, int entry = -1, uint32_t more = 0);
    void note(uint64_t what) {
        if (sink_) sink_->path((static_cast<uint64_t>(call_kind_) << 32) ^ what);
    }

    static constexpr int bucket_shift = 13;      // 8 KiB of addresses a bucket
    static constexpr int overlaps_max = 7;       // three radix tree tags

    const Era& era_;
    const Platform* platform_ = nullptr;
    Watch* out_ = nullptr;
    PathSink* sink_ = nullptr;
    uint16_t call_ = 0;
    HookKind call_kind_ = HookKind::map_page;
    std::vector<Entry> entries_;  // in order of insertion, as the tails of the buckets keep it
    std::vector<Line> lines_;
    bool overlap_warned_ = false;  // WARN_ONCE
};

}  // namespace dmafuzz
