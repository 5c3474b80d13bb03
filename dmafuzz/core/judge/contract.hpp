// SPDX-License-Identifier: GPL-2.0-only
// The contract monitor: which documented rules of the DMA API a program breaks. A third opinion, used to
// label and explain, never to decide whether data was lost. Source: docs/spec/contract.md.
#pragma once

#include <cstdint>
#include <vector>

#include "run/run.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

enum class Rule : uint8_t {
    no_stack,
    no_vmalloc,
    no_kernel_image,
    mask,
    whole_lines,
    contiguous,
    no_end_during_call,
    no_sharing,
    hands_off,
    sync_before_read,
    sync_after_write,
    from_device_read_only,
    to_device_read_only,
    same_size,
    same_direction,
    same_function,
    same_device,
    same_nents,
    no_remap,
    check_error,
    same_address,
    unmap_all,
    unmap_once,
    inside,
    free_with_irqs_on,
    no_streaming_of_coherent,
    resource_is_mmio,
    segment_limits,
    skip_sync_by_hand,
    no_conflicting_overlap,
    page_owner,
    count_,
};
const char* name_of(Rule rule);
// The rule in one sentence, as the kernel's documents have it.
const char* text_of(Rule rule);

using Rules = uint32_t;  // a bit each
inline constexpr Rules bit(Rule rule) { return Rules{1} << static_cast<int>(rule); }

struct Breach {
    Rule rule;
    uint8_t op;
    uint8_t mapping;  // no_mapping: it is about none
};

struct ContractCheck {
    Rules broken = 0;
    std::vector<Breach> breaches;    // in order of operations, each rule's first only
    uint32_t unchecked_in_time = 0;  // the mappings whose dma_mapping_error() is not called in time, a bit each
    Features features_read = 0;      // of the platform, besides what the run says
    Digest state;  // of the monitor, when the program has ended and its tidy-up has not begun: where it is kept
};

}  // namespace dmafuzz
