// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/planted.hpp"

#include <algorithm>

#include "tracker/dma_debug.hpp"

namespace dmafuzz {

namespace {

constexpr uint32_t bits(std::initializer_list<HookKind> kinds) {
    uint32_t out = 0;
    for (HookKind kind : kinds) out |= 1u << static_cast<int>(kind);
    return out;
}

using enum HookKind;
constexpr uint32_t streaming_maps = bits({map_page, map_sg, map_resource});
constexpr uint32_t line_maps = bits({map_page, map_sg});
constexpr uint32_t list_calls = bits({map_sg, unmap_sg, sync_sg_for_cpu, sync_sg_for_device});
constexpr uint32_t unmaps = bits({unmap_page, unmap_sg, unmap_resource});
constexpr uint32_t frees = unmaps | bits({free_coherent, free_pages});
constexpr uint32_t syncs = bits({sync_for_cpu, sync_for_device, sync_sg_for_cpu, sync_sg_for_device});
constexpr uint32_t every_call = (1u << static_cast<int>(HookKind::count_)) - 1;

constexpr uint32_t page_bytes = 4096;

void add_faulty_look_ups(std::vector<Planted>& t) {
    t.push_back({"first-match", "of several entries that match, the first one is taken instead of the best", frees,
                 [](Era& e) { e.best_fit = false; }});
    t.push_back({"address-is-enough", "an entry that matches in nothing but the address is none", frees,
                 [](Era& e) { e.score_needed = true; }});
    t.push_back({"sync-whole-mappings", "a sync finds a mapping by its first byte only", syncs,
                 [](Era& e) { e.sync_look_up = SyncLookUp::exact; }});
    t.push_back({"range-from-base", "a range sync is looked up from the base of its mapping", syncs,
                 [](Era& e) { e.range_from_base = true; }});
    t.push_back({"page-is-not-single", "map_page and map_single make entries of two types",
                 bits({map_page, unmap_page}), [](Era& e) { e.page_and_single = true; }});
    t.push_back({"noncoherent-untyped", "a non-coherent allocation is entered like a page mapping",
                 bits({alloc_pages, free_pages}), [](Era& e) { e.noncoherent_type = false; }});
    t.push_back({"noncoherent-rounded", "a non-coherent allocation is entered with the size of whole pages",
                 bits({alloc_pages, free_pages}), [](Era& e) {
                     e.noncoherent_type = false;
                     e.noncoherent_rounded = true;
                 }});
    t.push_back({"resources-unknown", "dma_map_resource() is not tracked", bits({map_resource, unmap_resource}),
                 [](Era& e) { e.resources = false; }});
    t.push_back({"lists-by-cpu-length", "scatterlists are entered with the CPU's lengths", list_calls,
                 [](Era& e) { e.sg_by_cpu_length = true; }});
}

void add_faulty_checks(std::vector<Planted>& t) {
    t.push_back({"errors-unasked", "a missing dma_mapping_error() is not noticed", bits({map_page, mapping_error}),
                 [](Era& e) { e.map_error_state = false; }});
    t.push_back({"bidirectional-strict", "syncs of a BIDIRECTIONAL mapping must be BIDIRECTIONAL too", syncs,
                 [](Era& e) { e.bidirectional_syncs_any_way = false; }});
    t.push_back({"list-counts", "a sync of a scatterlist with another number of entries is accepted", list_calls,
                 [](Era& e) { e.sync_sg_count = false; }});
    t.push_back({"segments", "the lengths of scatterlist segments are not checked", bits({map_sg}),
                 [](Era& e) { e.sg_segments = false; }});
    t.push_back({"vmalloc-stacks", "a stack in vmalloc space is not recognised", line_maps,
                 [](Era& e) { e.vmalloc_stacks = false; }});
    t.push_back({"mapped-entries-only", "only mapped scatterlist entries are checked for stack and text",
                 bits({map_sg}), [](Era& e) { e.given_entries_checked = false; }});
    t.push_back({"leaks", "mappings left at driver unbind are not reported", bits({unbind}),
                 [](Era& e) { e.leak_at_unbind = false; }});
}

void add_faulty_lines(std::vector<Planted>& t) {
    t.push_back(
        {"lines-untracked", "no cacheline is tracked", line_maps, [](Era& e) { e.tracked = Tracked::nothing; }});
    t.push_back({"pages-tracked", "pages are tracked instead of cachelines", line_maps,
                 [](Era& e) { e.tracked = Tracked::page; }});
    t.push_back({"readers-tracked", "cachelines of TO_DEVICE mappings are tracked like others", line_maps,
                 [](Era& e) { e.to_device_tracked = true; }});
    t.push_back({"overlaps-silent", "an overlap is found, and nothing is said", line_maps,
                 [](Era& e) { e.overlap = OverlapRule::silent; }});
    t.push_back({"overlap-same-region", "an overlap is accepted if it is of the very same region", line_maps,
                 [](Era& e) { e.overlap = OverlapRule::different_regions; }});
    t.push_back({"skip-reported", "overlaps with DMA_ATTR_SKIP_CPU_SYNC are reported", line_maps,
                 [](Era& e) { e.skip_cpu_sync_exempt = false; }});
    t.push_back({"bounce-reported", "overlaps are reported where small buffers bounce", line_maps,
                 [](Era& e) { e.kmalloc_bounce_exempt = false; }});
    t.push_back({"coherent-exempt", "no overlap is reported where DMA needs no alignment", line_maps,
                 [](Era& e) { e.coherent_exempt = true; }});
    t.push_back({"skip-is-clean", "two mappings with DMA_ATTR_SKIP_CPU_SYNC count as clean", line_maps, [](Era& e) {
                     e.skip_cpu_sync_exempt = false;
                     e.clean_attrs = attr::skip_cpu_sync;
                 }});
    t.push_back({"counts-to-one", "the overlap counter of a cacheline ends at one", line_maps,
                 [](Era& e) { e.overlaps_max = 1; }});
    t.push_back({"counts-to-three", "the overlap counter of a cacheline ends at three", line_maps,
                 [](Era& e) { e.overlaps_max = 3; }});
}

void add_lost_checks(std::vector<Planted>& t) {
    t.push_back({"free-size", "a wrong size at unmap is not reported", frees, nullptr, WarningId::free_size});
    t.push_back(
        {"free-function", "a wrong function at unmap is not reported", frees, nullptr, WarningId::free_wrong_function});
    t.push_back(
        {"free-direction", "a wrong direction at unmap is not reported", frees, nullptr, WarningId::free_direction});
    t.push_back(
        {"free-unallocated", "an unmap of nothing is not reported", frees, nullptr, WarningId::free_unallocated});
    t.push_back({"sync-unallocated", "a sync of nothing is not reported", syncs, nullptr, WarningId::sync_unallocated});
    t.push_back(
        {"sync-direction", "a sync with a wrong direction is not reported", syncs, nullptr, WarningId::sync_direction});
    t.push_back({"sync-range", "a sync beyond its mapping is not reported", syncs, nullptr, WarningId::sync_range});
    t.push_back({"kernel-image", "a map of kernel text or rodata is not reported", line_maps, nullptr,
                 WarningId::map_text_rodata});
}

bool is(const HookCall& call, uint32_t kinds) { return kinds >> static_cast<int>(call.kind) & 1; }

void add_misheard_calls(std::vector<Planted>& t) {
    auto add = [&](const char* name, const char* fault, uint32_t hooks, bool (*hear)(HookCall&, uint8_t)) {
        t.push_back({name, fault, hooks, nullptr, WarningId::count_, hear});
    };
    add("reader-stays", "the entry of a TO_DEVICE mapping outlives its unmap", bits({unmap_page}),
        [](HookCall& c, uint8_t) { return c.kind != unmap_page || c.direction != Direction::to_device; });
    add("other-cpu-unheard", "unmaps on a second CPU are not heard", unmaps,
        [](HookCall& c, uint8_t) { return c.cpu == 0 || !is(c, unmaps); });
    add("one-device", "all devices count as one", every_call, [](HookCall& c, uint8_t) {
        c.device = 0;
        return true;
    });
    add("whole-pages", "a mapping is entered with the size of whole pages", bits({map_page, unmap_page}),
        [](HookCall& c, uint8_t) {
            if (c.kind == map_page) c.size = (c.size + page_bytes - 1) / page_bytes * page_bytes;
            return true;
        });
    add("page-starts", "a mapping is tracked at the start of its page", bits({map_page}), [](HookCall& c, uint8_t) {
        if (c.kind == map_page) c.phys -= c.phys % page_bytes;
        return true;
    });
    add("long-syncs", "the part of a sync beyond a page is not seen", syncs, [](HookCall& c, uint8_t) {
        if (is(c, bits({sync_for_cpu, sync_for_device}))) c.size = std::min(c.size, page_bytes);
        return true;
    });
    add("syncs-crossed", "a sync for the device is taken for one for the CPU", bits({sync_for_device}),
        [](HookCall& c, uint8_t) {
            if (c.kind == sync_for_device) c.kind = sync_for_cpu;
            return true;
        });
    add("writer-is-both", "an unmap FROM_DEVICE is taken for a BIDIRECTIONAL one", bits({unmap_page}),
        [](HookCall& c, uint8_t) {
            if (c.kind == unmap_page && c.direction == Direction::from_device) c.direction = Direction::bidirectional;
            return true;
        });
    add("list-heads", "of an unmapped scatterlist the first entry alone is removed", bits({unmap_sg}),
        [](HookCall& c, uint8_t) {
            if (c.kind == unmap_sg && c.entry_count > 1) c.entry_count = c.mapped_count = 1;
            return true;
        });
    add("coherent-stays", "the entry of a coherent allocation outlives its free", bits({free_coherent}),
        [](HookCall& c, uint8_t) { return c.kind != free_coherent; });
    add("errors-of-one-device", "dma_mapping_error() is heard for the first device only", bits({mapping_error}),
        [](HookCall& c, uint8_t first_device) { return c.kind != mapping_error || c.device == first_device; });
}

// Not the lowest: names of devices change no verdict, whatever the tracker.
uint8_t first_named(const std::vector<HookCall>& calls) {
    for (const HookCall& call : calls)
        if (call.kind != HookKind::cow) return call.device;
    return 0;
}

// The tracker with its fault.
class Faulty final : public Tracker {
public:
    Faulty(const Planted& fault, const Era& era) : fault_(fault), sound_(era) {}

    void watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink* sink) override {
        hear(calls, calls.size());
        sound_.watch(heard_, platform, out, sink);
        tell(out);
    }
    void explain(const std::vector<HookCall>& calls, const Platform& platform, Watch& out) override {
        hear(calls, calls.size());
        sound_.explain(heard_, platform, out);
        tell(out);
    }
    void watch_with_state(const std::vector<HookCall>& calls, size_t count, const Platform& platform, Watch& out,
                          Digest& state) override {
        hear(calls, count);
        sound_.watch_with_state(heard_, heard_before_, platform, out, state);
        tell(out);
    }
    bool cost(Cost& out) const override { return sound_.cost(out); }

private:
    void hear(const std::vector<HookCall>& calls, size_t count) {
        heard_.clear();
        places_.clear();
        const uint8_t first_device = first_named(calls);
        for (size_t i = 0; i < calls.size(); i++) {
            if (i == count) heard_before_ = heard_.size();
            HookCall call = calls[i];
            if (fault_.hear && !fault_.hear(call, first_device)) continue;
            heard_.push_back(call);
            places_.push_back(static_cast<uint16_t>(i));
        }
        if (count == calls.size()) heard_before_ = heard_.size();
    }
    // Of the calls as they were.
    void tell(Watch& out) const {
        for (Warning& w : out.warnings) w.call = places_[w.call];
        for (MissingWarning& m : out.missing_warnings) m.warning.call = places_[m.warning.call];
        std::erase_if(out.warnings, [&](const Warning& w) { return w.id == fault_.lost; });
    }

    Planted fault_;
    DmaDebug sound_;
    std::vector<HookCall> heard_;
    std::vector<uint16_t> places_;  // of what is heard, among all calls
    size_t heard_before_ = 0;
};

Era sound_era() {
    for (const Era& era : eras())
        if (era.name == planted_in()) return era;
    return {};
}

}  // namespace

const char* planted_in() { return "6.12"; }

const std::vector<Planted>& planted() {
    static const std::vector<Planted> all = [] {
        std::vector<Planted> rows;
        add_faulty_look_ups(rows);
        add_faulty_checks(rows);
        add_faulty_lines(rows);
        add_lost_checks(rows);
        add_misheard_calls(rows);
        return rows;
    }();
    return all;
}

std::unique_ptr<Tracker> make_planted(const std::string& name) {
    const auto row = std::find_if(planted().begin(), planted().end(), [&](const Planted& p) { return p.name == name; });
    if (row == planted().end()) return nullptr;
    Era era = sound_era();
    if (row->change) row->change(era);
    return std::make_unique<Faulty>(*row, era);
}

}  // namespace dmafuzz
