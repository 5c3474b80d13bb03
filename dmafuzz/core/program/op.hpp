// SPDX-License-Identifier: GPL-2.0-only
// A program: at most 64 operations, each of them one plain record.
// Source of the operations: docs/spec/coherency.md §2 and docs/spec/verdicts.md §4 (Concurrency).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace dmafuzz {

inline constexpr int page_bytes = 4096;

inline constexpr int cpus_max = 4;
inline constexpr int devices_max = 4;
inline constexpr int buffers_max = 16;
inline constexpr int mappings_max = 32;
inline constexpr int ops_max = 64;
inline constexpr int entries_max = 4;
// Twice the largest bounce mapping (256 KiB), so that a program can ask for too much.
inline constexpr int buffer_bytes_max = 512 * 1024;

enum class OpKind : uint8_t {
    alloc,
    free,
    write,
    read,
    dirty,
    cow,
    map_single,
    map_page,
    map_resource,
    map_sg,
    alloc_coherent,
    alloc_noncoherent,
    alloc_noncontiguous,
    mapping_error,
    start,  // the driver tells the device to go: no call of the API
    sync_single_for_cpu,
    sync_single_for_device,
    sync_range_for_cpu,
    sync_range_for_device,
    sync_sg_for_cpu,
    sync_sg_for_device,
    unmap_single,
    unmap_page,
    unmap_resource,
    unmap_sg,
    free_coherent,
    free_noncoherent,
    free_noncontiguous,
    device_read,
    device_write,
    device_post,  // the device goes on writing while the CPU looks
    irq_off,
    irq_on,
    unbind,
    forget,
    finish,
    count_,
};

enum class BufferKind : uint8_t {
    pages,
    kmalloc,
    page_cache,
    anonymous,
    stack,
    vmalloc,
    text,
    rodata,
    mmio,
    coherent,     // only by alloc_coherent
    noncoherent,  // only by alloc_noncoherent and alloc_noncontiguous
    count_,
};

// The values of enum dma_data_direction, NONE left out: the kernel stops at it.
enum class Direction : uint8_t { bidirectional = 0, to_device = 1, from_device = 2 };

inline bool device_reads(Direction d) { return d != Direction::from_device; }
inline bool device_writes(Direction d) { return d != Direction::to_device; }

namespace attr {
inline constexpr uint8_t skip_cpu_sync = 1u << 0;
inline constexpr uint8_t no_warn = 1u << 1;
inline constexpr uint8_t weak_ordering = 1u << 2;
inline constexpr uint8_t mmio = 1u << 3;
inline constexpr uint8_t ignore_cachelines = 1u << 4;  // 7.0: CPU_CACHE_CLEAN
inline constexpr uint8_t require_coherent = 1u << 5;
inline constexpr uint8_t all = 0x3f;
}  // namespace attr

// One entry of a scatterlist. Offsets and sizes are in bytes.
struct Entry {
    uint8_t buffer = 0;
    uint32_t offset = 0;
    uint32_t size = 0;
    bool operator==(const Entry&) const = default;
};

// One operation. Which fields count depends on the kind; all others are zero, so that equal
// programs have equal records.
struct Op {
    OpKind kind = OpKind::alloc;
    uint8_t cpu = 0;
    bool split = false;         // a call of which only the first half runs here
    bool unchecked = false;     // map: no mapping_error at once
    bool high = false;          // alloc: above the reach of a 32-bit mask
    bool private_copy = false;  // cow of anonymous memory: the page stays, the other side gets the copy
    bool given_device = false;  // calls: which arguments are given instead of taken from the map
    bool given_size = false;
    bool given_direction = false;
    bool given_attrs = false;
    bool given_count = false;
    bool reuse_list = false;  // map_sg: the list of mapping `list`
    uint8_t device = 0;
    uint8_t buffer = 0;
    uint8_t mapping = 0;
    Direction direction = Direction::bidirectional;
    uint8_t attrs = 0;
    BufferKind buffer_kind = BufferKind::pages;
    uint8_t count = 0;  // unmap_sg, sync_sg: entries given
    uint8_t list = 0;
    uint8_t entry_count = 0;
    uint32_t offset = 0;      // bytes
    uint32_t size = 0;        // bytes
    uint32_t cpu_offset = 0;  // free_coherent, free_noncoherent: by how much the CPU address is off, bytes
    std::array<Entry, entries_max> entries{};
    bool operator==(const Op&) const = default;
};

// Bytes that a map line maps: of a list, all its entries. 0: the list of another mapping.
inline int64_t mapped_by(const Op& map) {
    int64_t size = map.kind == OpKind::map_sg ? 0 : map.size;
    for (size_t i = 0; i < map.entry_count; i++) size += map.entries[i].size;
    return size;
}

// As a size of an operation.
inline uint32_t as_size(int64_t n) { return static_cast<uint32_t>(std::clamp<int64_t>(n, 1, buffer_bytes_max)); }

struct Program {
    std::vector<Op> ops;
    bool operator==(const Program&) const = default;
};

// What an operation is, in the terms of the language: one row for each kind.
struct OpTraits {
    const char* name;
    bool defines_buffer, defines_mapping, names_buffer, names_mapping;
    bool is_call;       // a DMA API call with two steps
    bool names_device;  // the device is part of the operation, not a replaced argument
    bool has_range;     // offset and size are part of the operation
};

inline constexpr std::array<OpTraits, static_cast<size_t>(OpKind::count_)> op_traits{{
    // name                      defB   defM   namB   namM   call   dev    range
    {"alloc", true, false, false, false, false, false, false},
    {"free", false, false, true, false, false, false, false},
    {"write", false, false, true, false, false, false, true},
    {"read", false, false, true, false, false, false, true},
    {"dirty", false, false, true, false, false, false, true},
    {"cow", false, false, true, false, false, false, false},
    {"map_single", false, true, true, false, true, true, true},
    {"map_page", false, true, true, false, true, true, true},
    {"map_resource", false, true, true, false, true, true, true},
    {"map_sg", false, true, false, false, true, true, false},
    {"alloc_coherent", true, true, false, false, true, true, false},
    {"alloc_noncoherent", true, true, false, false, true, true, false},
    {"alloc_noncontiguous", true, true, false, false, true, true, false},
    {"mapping_error", false, false, false, true, false, false, false},
    {"start", false, false, false, true, false, false, false},
    {"sync_single_for_cpu", false, false, false, true, true, false, false},
    {"sync_single_for_device", false, false, false, true, true, false, false},
    {"sync_range_for_cpu", false, false, false, true, true, false, false},
    {"sync_range_for_device", false, false, false, true, true, false, false},
    {"sync_sg_for_cpu", false, false, false, true, true, false, false},
    {"sync_sg_for_device", false, false, false, true, true, false, false},
    {"unmap_single", false, false, false, true, true, false, false},
    {"unmap_page", false, false, false, true, true, false, false},
    {"unmap_resource", false, false, false, true, true, false, false},
    {"unmap_sg", false, false, false, true, true, false, false},
    {"free_coherent", false, false, false, true, true, false, false},
    {"free_noncoherent", false, false, false, true, true, false, false},
    {"free_noncontiguous", false, false, false, true, true, false, false},
    {"device_read", false, false, false, true, false, false, true},
    {"device_write", false, false, false, true, false, false, true},
    {"device_post", false, false, false, true, false, false, true},
    {"irq_off", false, false, false, false, false, false, false},
    {"irq_on", false, false, false, false, false, false, false},
    {"unbind", false, false, false, false, false, true, false},
    {"forget", false, false, false, true, false, false, false},
    {"finish", false, false, false, false, false, false, false},
}};

inline const OpTraits& traits(OpKind kind) { return op_traits[static_cast<size_t>(kind)]; }

// Does it say a device, whether as its own or in an argument's place?
inline bool names_device(const Op& op) { return traits(op.kind).names_device || op.given_device; }

// The line that makes a mapping, or nothing.
inline const Op* map_of(const Program& program, uint8_t mapping) {
    for (const Op& op : program.ops)
        if (traits(op.kind).defines_mapping && op.mapping == mapping) return &op;
    return nullptr;
}

const char* name_of(BufferKind kind);
const char* name_of(Direction direction);

inline bool is_map(OpKind k) { return k >= OpKind::map_single && k <= OpKind::map_sg; }
inline bool is_allocation_call(OpKind k) { return k >= OpKind::alloc_coherent && k <= OpKind::alloc_noncontiguous; }
inline bool is_sync(OpKind k) { return k >= OpKind::sync_single_for_cpu && k <= OpKind::sync_sg_for_device; }
inline bool is_sync_for_cpu(OpKind k) {
    return k == OpKind::sync_single_for_cpu || k == OpKind::sync_range_for_cpu || k == OpKind::sync_sg_for_cpu;
}
inline bool is_sg_sync(OpKind k) { return k == OpKind::sync_sg_for_cpu || k == OpKind::sync_sg_for_device; }
inline bool is_unmap(OpKind k) { return k >= OpKind::unmap_single && k <= OpKind::unmap_sg; }
inline bool is_allocation_end(OpKind k) { return k >= OpKind::free_coherent && k <= OpKind::free_noncontiguous; }
inline bool is_end(OpKind k) { return is_unmap(k) || is_allocation_end(k); }
inline bool is_device_access(OpKind k) { return k >= OpKind::device_read && k <= OpKind::device_post; }
inline bool is_cpu_access(OpKind k) { return k >= OpKind::write && k <= OpKind::cow; }

// The call that ends a mapping correctly.
OpKind matching_end(OpKind map);

}  // namespace dmafuzz
