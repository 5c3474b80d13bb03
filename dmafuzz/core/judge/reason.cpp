// SPDX-License-Identifier: GPL-2.0-only
// Why the tracker says nothing, or what it looked at when it spoke.
// Source: docs/spec/verdicts.md §5 (The cause of a finding).
#include <algorithm>

#include "judge/judge.hpp"

namespace dmafuzz {

namespace {

bool ended_before(const std::vector<HookCall>& calls, size_t call, uint8_t mapping) {
    return std::any_of(calls.begin(), calls.begin() + static_cast<std::ptrdiff_t>(call),
                       [&](const HookCall& c) { return is_end(c.kind) && c.mapping == mapping; });
}

// Does the range that a call names lie where something that the map call made begins (an unmap), or within it (a sync)?
bool fits(const HookCall& call, const HookCall& map) {
    if (call.device != map.device) return false;
    const bool list = map.kind == HookKind::map_sg;
    for (size_t i = 0; i < (list ? map.mapped_count : size_t{1}); i++) {
        const uint64_t dma = list ? map.entries[i].dma : map.dma, size = list ? map.entries[i].dma_size : map.size;
        const uint64_t named = call.entry_count ? call.entries[0].dma : call.dma,
                       bytes = call.entry_count ? call.entries[0].dma_size : call.size;
        if (is_end(call.kind) ? named == dma : named >= dma && named + bytes <= dma + size) return true;
    }
    return false;
}

// Of an overlap: is it in the lines that the two have in common?
bool in_line(const Warning& w, const Corruption& c) {
    if (w.line_bytes == 0) return true;
    return c.phys < w.line + w.line_bytes && c.phys + static_cast<uint64_t>(c.span.size) > w.line;
}

// A missing warning about buffer ownership has no check of its own: it is about the mappings that it names.
Claim claim_of(const MissingWarning& u, const Run& run) {
    Claim claim = dmafuzz::claim_of(u.warning, run);
    if (u.warning.id != WarningId::unknown) return claim;
    claim.devices = 0;
    claim.mappings = u.warning.mappings;
    return claim;
}

}  // namespace

const Watch& Judge::missing_warnings(size_t platform) {
    analyse(platform);
    const Analysis& a = analysis(platform);
    if (a.watch.explained) return a.watch;
    // Asks more of a platform than watching does, so that what is taken over is not enough.
    if (!missing_known_[platform]) {
        missing_known_[platform] = true;
        Watch& mine = missing_[platform];
        auto equivalent = std::find_if(order_of_missing_.begin(), order_of_missing_.end(), [&](size_t known) {
            return done_by_[known] == done_by_[platform] &&
                   !(missing_[known].features_read & differing(platform, known));
        });
        if (equivalent != order_of_missing_.end()) {
            mine = missing_[*equivalent];
            return mine;
        }
        tracker_->explain(a.run.hooks, platforms_[platform], mine);
        order_of_missing_.push_back(platform);
    }
    return missing_[platform];
}

Reason Judge::reason(size_t platform, const Corruption& corruption) {
    const Watch& watch = missing_warnings(platform);
    if (!watch.explained) return Reason::unknown;
    const Footprint footprint = places(platform).footprint_of(corruption);
    Reason first = Reason::not_looked_at;
    for (const MissingWarning& u : watch.missing_warnings)
        if (u.reason < first && in_line(u.warning, corruption) &&
            footprint.covered_by(claim_of(u, analysis(platform).run)))
            first = u.reason;
    return first;
}

Reason Judge::reason(size_t platform, const Warning& warning) {
    const std::vector<HookCall>& calls = analyse(platform).run.hooks;
    const HookCall& call = calls[warning.call];
    const auto end = calls.begin() + warning.call;
    if (warning.entry_op == no_op) {
        if (warning.id != WarningId::free_unallocated && warning.id != WarningId::sync_unallocated)
            return Reason::same_mapping;
        const bool missed = std::any_of(calls.begin(), end, [&](const HookCall& c) {
            return makes_mapping(c.kind) && fits(call, c) && !ended_before(calls, warning.call, c.mapping);
        });
        return missed ? Reason::missed_entry : Reason::no_entry;
    }
    auto made = std::find_if(calls.begin(), end,
                             [&](const HookCall& c) { return makes_mapping(c.kind) && c.op == warning.entry_op; });
    if (made == end || made->mapping == call.mapping) return Reason::same_mapping;
    return ended_before(calls, warning.call, made->mapping) ? Reason::stale_mapping : Reason::live_mapping;
}

}  // namespace dmafuzz
