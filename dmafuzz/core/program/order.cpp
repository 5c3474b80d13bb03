// SPDX-License-Identifier: GPL-2.0-only
#include "program/order.hpp"

#include <bit>

namespace dmafuzz {

uint64_t size_order(uint32_t bytes) {
    constexpr uint64_t odd = 1u << 24;  // beyond all sizes
    return bytes % preferred_bytes ? odd + bytes : bytes;
}

uint64_t sizes_of(const Op& op) {
    uint64_t sum = size_order(op.size) + size_order(op.offset) + size_order(op.cpu_offset);
    if (op.given_size && op.size == 0) sum += size_order(1);
    for (int i = 0; i < op.entry_count; i++) sum += size_order(op.entries[i].size) + size_order(op.entries[i].offset);
    return sum;
}

Order order_of(const Program& program) {
    Order order;
    order.ops = static_cast<uint32_t>(program.ops.size());
    uint32_t cpus = 0, devices = 0;
    for (const Op& op : program.ops) {
        const OpTraits& t = traits(op.kind);
        if (!is_device_access(op.kind)) cpus |= 1u << op.cpu;
        if (names_device(op)) devices |= 1u << op.device;
        order.splits += op.split;
        order.buffers += t.defines_buffer;
        order.sizes += sizes_of(op);
    }
    order.cpus = static_cast<uint32_t>(std::popcount(cpus));
    order.devices = static_cast<uint32_t>(std::popcount(devices));
    return order;
}

}  // namespace dmafuzz
