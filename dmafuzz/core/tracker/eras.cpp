// SPDX-License-Identifier: GPL-2.0-only
// The eras of dma-debug: each row says what changed since the one it follows.
// Read in the kernels' sources; reports/equivalence.md says which of them were run against these rows.
#include <functional>

#include "program/op.hpp"
#include "tracker/era.hpp"

namespace dmafuzz {

namespace {

using Change = std::function<void(Era&)>;

class History {
public:
    // An era that follows the last one of its line.
    void since(const char* name, int year, const char* changed, const Change& change) {
        Era era = rows_.empty() ? Era{} : rows_[last_];
        last_ = add(std::move(era), name, year, changed, change);
    }
    // A vendor's kernel: based on the last era, but what follows is not based on it.
    void vendor(const char* name, int year, const char* changed, const Change& change) {
        size_t row = add(rows_[last_], name, year, changed, change);
        rows_[row].vendor = true;
    }
    std::vector<Era> rows() && { return std::move(rows_); }

private:
    size_t add(Era era, const char* name, int year, const char* changed, const Change& change) {
        era.name = name;
        era.year = year;
        era.changed = changed;
        change(era);
        rows_.push_back(std::move(era));
        return rows_.size() - 1;
    }

    std::vector<Era> rows_;
    size_t last_ = 0;
};

void add_before_lines(History& h) {
    h.since("2.6.30", 2009, "live entries in a hash; checks of frees, syncs, scatterlists, stacks and text",
            [](Era& e) { e.sg_by_cpu_length = true; });
    h.since("2.6.31", 2009, "best-fit look-up; scatterlists by DMA length; leaks reported at unbind", [](Era& e) {
        e.best_fit = e.score_needed = true;
        e.sg_by_cpu_length = false;
        e.leak_at_unbind = true;
    });
    h.since("2.6.32", 2009, "a BIDIRECTIONAL mapping may be synced in any direction",
            [](Era& e) { e.bidirectional_syncs_any_way = true; });
    h.since("3.2", 2012, "a sync may lie anywhere inside its mapping",
            [](Era& e) { e.sync_look_up = SyncLookUp::walk_shifted; });
    h.since("3.9", 2013, "unmaps without dma_mapping_error() are reported", [](Era& e) {
        e.map_error_state = true;
        e.invalid_first = false;
        e.score_needed = false;
    });
}

void add_until_assert_idle_goes(History& h) {
    h.since("3.14-rc1", 2014, "active pages; copy-on-write of one of them is reported (assert-idle)", [](Era& e) {
        e.tracked = Tracked::page;
        e.to_device_tracked = true;
        e.idle_check = IdleCheck::page;
    });
    h.since("3.14", 2014, "active cachelines instead of pages, without TO_DEVICE", [](Era& e) {
        e.tracked = Tracked::first_line;
        e.to_device_tracked = false;
        e.idle_check = IdleCheck::first_line;
    });
    h.since("4.1", 2015, "syncs look for the range itself in the buckets before its own",
            [](Era& e) { e.sync_look_up = SyncLookUp::walk; });
    h.since("4.4", 2016, "syncs of scatterlists with another number of entries",
            [](Era& e) { e.sync_sg_count = true; });
    h.since("4.9", 2016, "stacks in vmalloc space; map_resource", [](Era& e) {
        e.vmalloc_stacks = true;
        e.resources = true;
    });
    h.since("4.18", 2018, "lengths and boundaries of scatterlist segments (if configured)", [](Era& e) {
        e.sg_segments = true;
        e.coherent_ignores_io = true;
    });
    h.since("4.20", 2018, "map_single of memory that it cannot map", [](Era& e) { e.map_single_area = true; });
    h.since("5.0", 2019, "page and single are one type; the pool grows", [](Era& e) {
        e.page_and_single = false;
        e.range_from_base = false;
    });
    h.since("5.5", 2020, "16384 buckets; map_single of vmalloc memory fails before dma-debug sees it",
            [](Era& e) { e.hash_size = 16384; });
    h.since("5.9", 2020, "assert-idle is gone", [](Era& e) { e.idle_check = IdleCheck::none; });
}

void add_overlaps(History& h) {
    h.since("5.10", 2020, "dma_alloc_pages, entered like a mapping of whole pages",
            [](Era& e) { e.noncoherent_rounded = true; });
    h.since("5.13", 2021, "dma_alloc_pages is entered with the size of the call",
            [](Era& e) { e.noncoherent_rounded = false; });
    h.since("5.14", 2021, "overlapping mappings are printed", [](Era& e) { e.overlap = OverlapRule::any; });
    h.since("5.15", 2021, "overlapping mappings are errors, but not with SKIP_CPU_SYNC; all given entries are checked",
            [](Era& e) {
                e.overlap_counted = true;
                e.skip_cpu_sync_exempt = true;
                e.given_entries_checked = true;
            });
    h.since("6.0", 2022, "syncs look back as far as it takes", [](Era& e) { e.walk_back = WalkBack::address_zero; });
    h.vendor("6.1", 2022, "Debian's 6.1: entries are freed outside the bucket's lock", [](Era&) {});
    h.vendor("6.12", 2024,
             "Debian's 6.12: a type for non-coherent allocations; no line-overlap where kmalloc buffers bounce",
             [](Era& e) {
                 e.noncoherent_type = true;
                 e.kmalloc_bounce_exempt = true;
             });
    h.since("6.13", 2025, "entries are freed outside the bucket's lock; segment checks always", [](Era&) {});
    h.since("6.17", 2025, "a type for non-coherent allocations", [](Era& e) { e.noncoherent_type = true; });
}

void add_phys(History& h) {
    h.since("6.18", 2025,
            "no line-overlap where kmalloc buffers bounce; one type for page, single and resource mappings",
            [](Era& e) {
                e.kmalloc_bounce_exempt = true;
                e.phys_type = true;
                e.resource_check = ResourceCheck::ram_once;
            });
    h.since("7.0", 2026,
            "no line-overlap between mappings flagged clean, nor where the cache alignment is below the L1 line",
            [](Era& e) {
                e.clean_attrs = attr::ignore_cachelines;
                e.coherent_exempt = true;
            });
    h.since("7.1", 2026, "REQUIRE_COHERENT flags a mapping clean too; map_resource of RAM is an error of its own",
            [](Era& e) {
                e.clean_attrs |= attr::require_coherent;
                e.resource_check = ResourceCheck::unreserved_ram;
            });
    h.since("7.2", 2026, "attributes are compared at unmap",
            [](Era& e) { e.attrs_compared = attr::mmio | attr::require_coherent; });
}

// The newest kernel that was read: it is like the last row. Of later ones nothing is known.
constexpr const char* newest_read = "7.3";

std::vector<Era> all_eras() {
    History history;
    add_before_lines(history);
    add_until_assert_idle_goes(history);
    add_overlaps(history);
    add_phys(history);
    return std::move(history).rows();
}

Era based_on(const std::string& name) {
    for (const Era& era : eras())
        if (era.name == name) return era;
    return {};
}

Era era_of(const Proposal& proposal) {
    Era era = based_on(proposal.base);
    era.name = proposal.name;
    era.year = proposal.year;
    era.changed = proposal.changed;
    era.base = proposal.base;
    proposal.change(era);
    return era;
}

std::vector<Era> all_proposals() {
    std::vector<Era> out;
    for (const Proposal& proposal : proposed_changes()) out.push_back(era_of(proposal));
    return out;
}

}  // namespace

const char* newest_kernel() { return newest_read; }

const std::vector<Era>& eras() {
    static const std::vector<Era> rows = all_eras();
    return rows;
}

const std::vector<Proposal>& proposed_changes() {
    static const std::vector<Proposal> rows{
        {"2011-reader-writer", 2011, "2.6.32", "TO_DEVICE mappings of a line may overlap, no others",
         [](Era& e) {
             e.tracked = Tracked::every_line;
             e.to_device_tracked = true;
             e.overlap = OverlapRule::reader_writer;
             e.overlap_counted = true;
         }},
        {"2016-from-device-only", 2016, "4.4", "assert-idle for what a device writes only",
         [](Era& e) { e.idle_check = IdleCheck::first_line_written; }},
        {"2020-rcu", 2020, "5.5", "assert-idle takes no lock, and any cacheline of the page",
         [](Era& e) { e.idle_check = IdleCheck::first_entry; }},
        {"2021-different-regions", 2021, "5.15", "the very same region may be mapped again, for another device",
         [](Era& e) { e.overlap = OverlapRule::different_regions; }},
        {"full-range", 2026, "7.2", "every line of a mapping is tracked",
         [](Era& e) { e.tracked = Tracked::every_line; }},
        {"cache-alignment", 2026, "7.2", "lines are as long as the platform's DMA alignment",
         [](Era& e) {
             e.line_size = LineSize::dma_alignment;
             e.coherent_exempt = false;  // the key says it: no two buffers share a line of one byte
         }},
    };
    return rows;
}

const std::vector<Era>& proposals() {
    static const std::vector<Era> rows = all_proposals();
    return rows;
}

}  // namespace dmafuzz
