// SPDX-License-Identifier: GPL-2.0-only
#include "program/op.hpp"

namespace dmafuzz {

namespace {

constexpr std::array<const char*, static_cast<size_t>(BufferKind::count_)> buffer_kind_names{
    "pages", "kmalloc", "page_cache", "anonymous", "stack",      "vmalloc",
    "text",  "rodata",  "mmio",       "coherent",  "noncoherent"};

}  // namespace

const char* name_of(BufferKind kind) { return buffer_kind_names[static_cast<size_t>(kind)]; }

const char* name_of(Direction direction) {
    switch (direction) {
        case Direction::bidirectional: return "BIDIRECTIONAL";
        case Direction::to_device: return "TO_DEVICE";
        case Direction::from_device: return "FROM_DEVICE";
    }
    return "?";
}

OpKind matching_end(OpKind map) {
    switch (map) {
        case OpKind::map_page: return OpKind::unmap_page;
        case OpKind::map_resource: return OpKind::unmap_resource;
        case OpKind::map_sg: return OpKind::unmap_sg;
        case OpKind::alloc_coherent: return OpKind::free_coherent;
        case OpKind::alloc_noncoherent: return OpKind::free_noncoherent;
        case OpKind::alloc_noncontiguous: return OpKind::free_noncontiguous;
        default: return OpKind::unmap_single;
    }
}

}  // namespace dmafuzz
