// SPDX-License-Identifier: GPL-2.0-only
// The byte form of a program: 64 bytes an operation, numbers little-endian.
//
//   0 kind   1 cpu | flags   2 device | given flags   3 buffer   4 mapping   5 direction | buffer kind
//   6 attrs  7 count, or list, or number of entries   8 offset (4)   12 size (4)   16 cpu_offset (4)   20 more flags
//   24 four entries of 9 bytes: buffer, offset (4), size (4)
#include "program/scope.hpp"

#include <algorithm>
#include <cstring>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

constexpr int entry_bytes = 9;
constexpr int first_entry = 24;
static_assert(first_entry + entries_max * entry_bytes <= static_cast<int>(record_bytes));

void put32(uint8_t* at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t get32(const uint8_t* at) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value |= uint32_t{at[i]} << (8 * i);
    return value;
}

}  // namespace

void encode(const Op& op, uint8_t* r) {
    r[0] = static_cast<uint8_t>(op.kind);
    r[1] = static_cast<uint8_t>(op.cpu | op.split << 2 | op.unchecked << 3 | op.high << 4 | op.reuse_list << 5);
    r[2] = static_cast<uint8_t>(op.device | op.given_device << 2 | op.given_size << 3 | op.given_direction << 4 |
                                op.given_attrs << 5 | op.given_count << 6);
    r[3] = op.buffer;
    r[4] = op.mapping;
    r[5] = static_cast<uint8_t>(static_cast<uint8_t>(op.direction) | static_cast<uint8_t>(op.buffer_kind) << 2);
    r[6] = op.attrs;
    r[7] = op.kind == OpKind::map_sg ? (op.reuse_list ? op.list : op.entry_count) : op.count;
    put32(r + 8, op.offset);
    put32(r + 12, op.size);
    put32(r + 16, op.cpu_offset);
    r[20] = op.private_copy;
    std::memset(r + 21, 0, record_bytes - 21);
    for (int i = 0; i < entries_max; i++) {
        uint8_t* e = r + first_entry + i * entry_bytes;
        e[0] = op.entries[i].buffer;
        put32(e + 1, op.entries[i].offset);
        put32(e + 5, op.entries[i].size);
    }
}

Op decode_record(const uint8_t* r) {
    Op op;
    op.kind = static_cast<OpKind>(r[0] % static_cast<uint8_t>(OpKind::count_));
    op.cpu = r[1] & 3;
    op.split = r[1] >> 2 & 1;
    op.unchecked = r[1] >> 3 & 1;
    op.high = r[1] >> 4 & 1;
    op.reuse_list = r[1] >> 5 & 1;
    op.device = r[2] & 3;
    op.given_device = r[2] >> 2 & 1;
    op.given_size = r[2] >> 3 & 1;
    op.given_direction = r[2] >> 4 & 1;
    op.given_attrs = r[2] >> 5 & 1;
    op.given_count = r[2] >> 6 & 1;
    op.buffer = r[3] % buffers_max;
    op.mapping = r[4] % mappings_max;
    op.direction = static_cast<Direction>((r[5] & 3) % 3);
    op.buffer_kind = static_cast<BufferKind>((r[5] >> 2) % static_cast<uint8_t>(BufferKind::count_));
    op.attrs = r[6] & attr::all;
    if (op.kind != OpKind::map_sg) {
        op.count = r[7];
    } else if (op.reuse_list) {
        op.list = r[7] % mappings_max;
    } else {
        op.entry_count = static_cast<uint8_t>(r[7] <= entries_max ? r[7] : r[7] % entries_max);
    }
    op.offset = get32(r + 8);
    op.size = get32(r + 12);
    op.cpu_offset = get32(r + 16);
    op.private_copy = r[20] & 1;
    for (int i = 0; i < entries_max; i++) {
        const uint8_t* e = r + first_entry + i * entry_bytes;
        op.entries[i] = {static_cast<uint8_t>(e[0] % buffers_max), get32(e + 1), get32(e + 5)};
    }
    return op;
}

std::array<uint64_t, record_bytes / sizeof(uint64_t)> record_words(const Op& op) {
    std::array<uint64_t, record_bytes / sizeof(uint64_t)> words;
    encode(op, reinterpret_cast<uint8_t*>(words.data()));
    return words;
}

std::vector<uint8_t> encode(const Program& program) {
    std::vector<uint8_t> bytes(program.ops.size() * record_bytes);
    for (size_t i = 0; i < program.ops.size(); i++) encode(program.ops[i], bytes.data() + i * record_bytes);
    return bytes;
}

Program decode(const uint8_t* bytes, size_t size) {
    Program raw;
    size_t records = (size + record_bytes - 1) / record_bytes;
    for (size_t i = 0; i < records && i < 4 * ops_max; i++) {
        uint8_t record[record_bytes] = {};
        std::memcpy(record, bytes + i * record_bytes, std::min<size_t>(record_bytes, size - i * record_bytes));
        raw.ops.push_back(decode_record(record));
    }
    Program program = repair(raw);
    DMAFUZZ_CHECK(!check(program));
    return program;
}

}  // namespace dmafuzz
