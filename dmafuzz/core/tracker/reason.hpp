// SPDX-License-Identifier: GPL-2.0-only
// Why a tracker said nothing, or what it looked at when it spoke. Part of the cause of a finding.
// Source: docs/spec/verdicts.md §5 (The cause of a finding).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dmafuzz {

// Of several reasons for one silence the first one counts: the more special a circumstance, the further up.
enum class Reason : uint8_t {
    none,     // any: not asked for
    departs,  // a kernel's own code says otherwise than its era does
    // Why it is silent: a look-up that finds another entry
    other_entry,      // the call fits the entry of another mapping
    error_elsewhere,  // dma_mapping_error() was called at the same address, for another mapping
    unknown_list,     // of a list whose first element it does not know, nothing is checked
    // an exemption, or a count that has come to its end
    saturated,
    clean_exempt,
    skip_exempt,
    legal_overlap,
    // what it keeps of a mapping
    merged_list,
    to_device,
    first_line,
    l1_line,
    bounce_exempt,
    coherent_exempt,
    overlaps_untold,
    overlaps_untracked,
    resources_untracked,
    // checks that it does not make
    bidirectional_syncs,
    skip_uncompared,
    attributes_uncompared,
    errors_untracked,
    page_start,
    copy_unchecked,
    once_per_boot,
    reserved_pages,
    resource_unchecked,
    image_unrecognised,
    stack_unrecognised,
    area_unchecked,
    segments_unchecked,
    bus_unregistered,
    leaks_unchecked,
    ownership_untracked,
    not_looked_at,
    unknown,  // a tracker that cannot be asked
    // What the entry that it looked at has to do with the call
    same_mapping,
    live_mapping,   // of another mapping, which is live
    stale_mapping,  // of a mapping that has ended
    no_entry,       // there is none
    missed_entry,   // there are mappings that fit, but none was found: several fit, or the entry is gone
    count_,
};

struct ReasonFacts {
    const char* name;
    const char* words;  // a sentence about the tracker, without its full stop
    const char*
        change;  // the change of a rule (what_if.hpp) that would make it speak; "": none, it is out of its sight
};
const ReasonFacts& facts_of(Reason reason);
inline const char* name_of(Reason reason) { return facts_of(reason).name; }

}  // namespace dmafuzz
