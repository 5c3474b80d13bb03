// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/patterns.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "fuzzing/mutate.hpp"

namespace dmafuzz {

namespace {

enum class Call : uint8_t {
    map,
    map_unchecked,
    map_again,  // the same line, under a new name
    map_often,  // the same, two to nine times
    end,
    sync_for_cpu,
    sync_for_device,
    start,
    ask_late,  // dma_mapping_error()
    device_access,
    cpu_access,
    cow,
    alloc_twins,  // two small buffers of one size: neighbours in a slab
    map_twin,     // the other one, as the first
};

// `first`: on the first of the pattern's mappings; else on the last.
struct PatternStep {
    Call call;
    bool first = false;
};

constexpr std::array<PatternStep, 3> checked_late{{{Call::map_unchecked}, {Call::start}, {Call::ask_late}}};
constexpr std::array<PatternStep, 4> late_access{
    {{Call::map}, {Call::end}, {Call::map_again}, {Call::device_access, true}}};
constexpr std::array<PatternStep, 4> ended_twice{
    {{Call::map}, {Call::map_again}, {Call::end, true}, {Call::end, true}}};
constexpr std::array<PatternStep, 4> cpus_turn{
    {{Call::map}, {Call::sync_for_cpu}, {Call::cpu_access}, {Call::sync_for_device}}};
constexpr std::array<PatternStep, 4> moved{{{Call::map}, {Call::cow}, {Call::sync_for_device}, {Call::device_access}}};
constexpr std::array<PatternStep, 2> many_of_a_line{{{Call::map}, {Call::map_often}}};

constexpr std::array<PatternStep, 3> slab_neighbours{{{Call::alloc_twins}, {Call::map}, {Call::map_twin}}};

constexpr std::array<std::span<const PatternStep>, 8> patterns{
    checked_late, late_access, ended_twice, cpus_turn, moved, many_of_a_line, many_of_a_line, slab_neighbours};

class Appender {
public:
    Appender(Rng& rng, Program& program, Scope& scope, int ops)
        : rng_(rng), program_(program), scope_(scope), ops_(static_cast<size_t>(ops)) {}

    void append(std::span<const PatternStep> steps) {
        for (const PatternStep& step : steps)
            if (!append(step)) return;
    }

private:
    bool append(const PatternStep& step) {
        switch (step.call) {
            case Call::map:
            case Call::map_unchecked: return first_map(step.call == Call::map_unchecked);
            case Call::map_again: return map_again();
            case Call::alloc_twins: return alloc_small() && alloc_small();
            case Call::map_twin: map_.buffer = twin_; return map_again();
            case Call::map_often:
                for (uint32_t times = 2 + rng_.below(8); times > 0; times--)
                    if (!map_again()) return false;
                return true;
            default: return append(follow_up(step.call, step.first ? first_ : last_));
        }
    }

    bool append(Op op) {
        if (program_.ops.size() >= ops_ || !scope_.repair(op)) return false;
        scope_.apply(op);
        program_.ops.push_back(op);
        return true;
    }

    bool first_map(bool unchecked) {
        map_ = random_op_of(rng_, scope_, rng_.one_in(4) ? OpKind::map_page : OpKind::map_single);
        map_.unchecked |= unchecked;
        if (small_) {
            map_.buffer = static_cast<uint8_t>(twin_ - 1);
            map_.offset = 0;
            map_.size = small_;
        }
        map_.split = false;
        if (!append(map_)) return false;
        map_ = program_.ops.back();
        first_ = last_ = map_.mapping;
        return true;
    }

    bool alloc_small() {
        if (scope_.free_buffer() < 0) return false;
        if (!small_) small_ = 16u << rng_.below(4);
        Op op;
        op.buffer_kind = BufferKind::kmalloc;
        op.size = small_;
        op.buffer = twin_ = static_cast<uint8_t>(scope_.free_buffer());
        return append(op);
    }

    bool map_again() {
        if (scope_.free_mapping() < 0) return false;
        map_.mapping = static_cast<uint8_t>(scope_.free_mapping());
        if (!append(map_)) return false;
        last_ = map_.mapping;
        return true;
    }

    Op follow_up(Call call, uint8_t mapping) {
        Op op;
        op.cpu = map_.cpu;
        op.mapping = mapping;
        op.buffer = map_.buffer;
        op.size = map_.size;
        switch (call) {
            case Call::end: op.kind = matching_end(map_.kind); break;
            case Call::sync_for_cpu: op.kind = OpKind::sync_single_for_cpu; break;
            case Call::sync_for_device: op.kind = OpKind::sync_single_for_device; break;
            case Call::start: op.kind = OpKind::start; break;
            case Call::ask_late: op.kind = OpKind::mapping_error; break;
            case Call::device_access: op.kind = rng_.one_in(3) ? OpKind::device_read : OpKind::device_write; break;
            case Call::cow: op.kind = OpKind::cow; break;
            default: op.kind = rng_.one_in(3) ? OpKind::read : OpKind::write; op.offset = map_.offset;
        }
        return op;
    }

    Rng& rng_;
    Program& program_;
    Scope& scope_;
    size_t ops_;
    Op map_;
    uint8_t first_ = 0, last_ = 0;
    uint32_t small_ = 0;  // bytes of the twins
    uint8_t twin_ = 0;    // the second one
};

}  // namespace

void append_pattern(Rng& rng, Program& program, Scope& scope, int ops) {
    Appender(rng, program, scope, ops).append(patterns[rng.below(patterns.size())]);
}

}  // namespace dmafuzz
