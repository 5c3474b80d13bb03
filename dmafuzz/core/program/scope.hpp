// SPDX-License-Identifier: GPL-2.0-only
// Which programs are valid: the names and CPUs that are usable at each line. One set of rules,
// used to refuse bad text, to repair decoded bytes and mutants, and nowhere written twice.
#pragma once

#include <optional>

#include "program/op.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

enum class Field : uint8_t {
    op,
    cpu,
    device,
    buffer,
    mapping,
    direction,
    size,
    offset,
    count,
    cpu_offset,
    entries,
    list,
    attrs,
    kind
};

struct Problem {
    Field field;
    const char* expected;
    int entry = -1;  // Field::entries: which one
};

const char* name_of(Field field);

class Scope {
public:
    struct Buffer {
        bool defined = false, live = false;
        BufferKind kind = BufferKind::pages;
        int size = 0;  // bytes
    };
    struct Mapping {
        bool defined = false, visible = false, forgotten = false;
        OpKind map = OpKind::map_single;
        uint8_t device = 0;
        int size = 0;        // bytes, of the whole mapping
        int entries = 1;     // scatterlist entries
        uint8_t buffer = 0;  // what an allocation call made
        std::array<uint8_t, entries_max> list_buffers{};
    };

    // Nothing, or what is wrong with `op` as the next line.
    std::optional<Problem> check(const Op& op) const;
    // Takes `op`, which must be valid, as the next line.
    void apply(const Op& op);
    // Changes `op` as little as it can to make it valid here; false if that cannot be.
    bool repair(Op& op) const;

    const Buffer& buffer(int i) const { return buffers_[i]; }
    const Mapping& mapping(int i) const { return mappings_[i]; }
    // Two scopes of the same digest take the same lines from here on.
    void digest(Digest& into) const;
    bool pending(int cpu) const { return pending_[cpu] >= 0; }
    int free_buffer() const;  // lowest name not yet defined, or -1
    int free_mapping() const;

private:
    std::optional<Problem> check_alloc(const Op& op) const;
    std::optional<Problem> check_access(const Op& op) const;
    std::optional<Problem> check_map(const Op& op) const;
    std::optional<Problem> check_list(const Op& op) const;
    std::optional<Problem> check_call(const Op& op) const;
    bool mappable(int buffer, bool resource) const;
    void show(const Op& op, bool visible);

    std::array<Buffer, buffers_max> buffers_{};
    std::array<Mapping, mappings_max> mappings_{};
    std::array<int, cpus_max> pending_{-1, -1, -1,
                                       -1};  // mapping a pending call defines + 1, 0: none; -1: no pending call
    std::array<bool, cpus_max> irqs_off_{};
    std::array<int, cpus_max> stack_used_{};  // bytes, lines of the longest kind counted whole
};

// Sets all fields that do not count for the operation's kind to zero.
void clear_unused(Op& op);

// Drops or repairs what is not valid, line by line. Every result is a valid program.
Program repair(const Program& program);

// The first problem of a program and its line, if any.
struct ProgramProblem {
    int op;
    Problem problem;
};
std::optional<ProgramProblem> check(const Program& program);

// Fixed-width records: one operation each, so that mutation and crossover act on operations.
inline constexpr int record_bytes = 64;
void encode(const Op& op, uint8_t* record);
std::vector<uint8_t> encode(const Program& program);
// The same record, for digests and hashes.
std::array<uint64_t, record_bytes / sizeof(uint64_t)> record_words(const Op& op);
// One record as an operation; it need not be valid anywhere.
Op decode_record(const uint8_t* record);
// Any byte string decodes to a valid program; a trailing part of a record counts as if filled up with zeros.
Program decode(const uint8_t* bytes, size_t size);

}  // namespace dmafuzz
