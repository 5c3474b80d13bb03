#include "program/op.hpp"

namespace dmafuzz {

namespace {

constexpr std::array<OpTraits, static_cast<size_t>(OpKind::count_)> table{{
    // name                      defB   defM   namB   namM   call   dev    range
    {"alloc",                    true,  false, false, false, false, false, false},
    {"free",                     false, false, true,  false, false, false, false},
    {"write",                    false, false, true,  false, false, false, true},
    {"read",                     false, false, true,  false, false, false, true},
    {"dirty",                    false, false, true,  false, false, false, true},
    {"cow",                      false, false, true,  false, false, false, false},
    {"map_single",               false, true,  true,  false, true,  true,  true},
    {"map_page",                 false, true,  true,  false, true,  true,  true},
    {"map_resource",             false, true,  true,  false, true,  true,  true},
    {"map_sg",                   false, true,  false, false, true,  true,  false},
    {"alloc_coherent",           true,  true,  false, false, true,  true,  false},
    {"alloc_noncoherent",        true,  true,  false, false, true,  true,  false},
    {"alloc_noncontiguous",      true,  true,  false, false, true,  true,  false},
    {"mapping_error",            false, false, false, true,  false, false, false},
    {"sync_single_for_cpu",      false, false, false, true,  true,  false, false},
    {"sync_single_for_device",   false, false, false, true,  true,  false, false},
    {"sync_range_for_cpu",       false, false, false, true,  true,  false, false},
    {"sync_range_for_device",    false, false, false, true,  true,  false, false},
    {"sync_sg_for_cpu",          false, false, false, true,  true,  false, false},
    {"sync_sg_for_device",       false, false, false, true,  true,  false, false},
    {"unmap_single",             false, false, false, true,  true,  false, false},
    {"unmap_page",               false, false, false, true,  true,  false, false},
    {"unmap_resource",           false, false, false, true,  true,  false, false},
    {"unmap_sg",                 false, false, false, true,  true,  false, false},
    {"free_coherent",            false, false, false, true,  true,  false, false},
    {"free_noncoherent",         false, false, false, true,  true,  false, false},
    {"free_noncontiguous",       false, false, false, true,  true,  false, false},
    {"device_read",              false, false, false, true,  false, false, true},
    {"device_write",             false, false, false, true,  false, false, true},
    {"irq_off",                  false, false, false, false, false, false, false},
    {"irq_on",                   false, false, false, false, false, false, false},
    {"unbind",                   false, false, false, false, false, true,  false},
    {"forget",                   false, false, false, true,  false, false, false},
    {"finish",                   false, false, false, false, false, false, false},
}};

constexpr std::array<const char*, static_cast<size_t>(BufferKind::count_)> buffer_kind_names{
    "pages", "kmalloc", "page_cache", "anonymous", "stack", "vmalloc",
    "text",  "rodata",  "mmio",       "coherent",  "noncoherent"};

}  // namespace

const OpTraits& traits(OpKind kind) { return table[static_cast<size_t>(kind)]; }

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
