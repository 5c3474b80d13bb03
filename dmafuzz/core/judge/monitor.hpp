// SPDX-License-Identifier: GPL-2.0-only
// Watches a run for what the contract's rules forbid. contract.cpp has the calls of the API, accesses.cpp what CPUs and
// devices do to memory.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "judge/byte_ranges.hpp"
#include "judge/contract.hpp"
#include "machine/memory.hpp"

namespace dmafuzz {

// One piece, as the rules see it.
struct PieceState {
    bool live = false;  // until the call that ends it has returned
    ByteRanges cpu_owned;
    ByteRanges synced;   // for the device, since the map
    ByteRanges written;  // by the CPU, and not synced for the device since
    ByteRanges dirtied;  // the same, as user space writes to what is under writeback
    ByteRanges moved;    // by copy-on-write, since the map: the device has the old page
    // As new, but for the memory that its ranges hold.
    void start_anew() {
        live = false;
        for (ByteRanges* ranges : {&cpu_owned, &synced, &written, &dirtied, &moved}) ranges->clear();
    }
};

class Monitor {
public:
    // What is found is overwritten by the next run. `keeps_state`: the state is wanted too.
    const ContractCheck& watch(const Run& run, const Platform& platform, bool keeps_state);

private:
    void start(const Run& run, const Platform& platform);
    void digest(Digest& into) const;

    void breach(Rule rule, uint8_t mapping = no_mapping) {
        if (rule == Rule::check_error) found_.unchecked_in_time |= 1u << mapping;
        if (found_.broken & bit(rule)) return;
        found_.broken |= bit(rule);
        found_.breaches.push_back({rule, now_, mapping});
    }

    // The tidy-up is correct by definition, with interrupts on.
    bool tidying() const { return now_ >= run_->program_ops; }

    template <class Do>
    void each_piece(uint8_t mapping, Do what) {
        const MappingFacts& m = run_->mappings[mapping];
        for (int i = 0; i < m.pieces; i++) what(run_->pieces[m.piece + i], pieces_[m.piece + i]);
    }

    void apply(const Op& op);
    void map(const Op& op);
    void map_piece(const Op& op, const Piece& piece);
    void lines(const Piece& piece);
    void overlap(const Piece& piece, size_t index);
    void first_half(const Op& op);
    void second_half(const Op& op);
    void check_errors(const Op& op);
    void leave(uint8_t mapping, uint8_t cpu);
    void free_under(uint8_t buffer, uint8_t cpu);
    void sync_arguments(const Op& op);
    void sync_in_turn(const Op& op);
    void sync(const Op& op);
    void end_arguments(const Op& op);
    void end(const Op& op);
    void list_again(const Op& op);
    void start(const Op& op);
    void mapping_error(const Op& op);
    bool begins_with_cpu(uint8_t mapping) const;
    std::pair<uint32_t, uint32_t> synced_part(const Op& op, int index, const Piece& piece) const;
    void touched_and_read(uint8_t mapping);
    void cow(const Op& op);
    void cpu_access(const Op& op);
    bool lines_shared() const;
    void sharing(uint64_t phys);
    void device_access(const Op& op);
    void unbind(const Op& op);
    void device_gets_address(uint8_t mapping);
    bool being_taken(const Piece& piece, int index, uint32_t from, uint32_t to) const;
    uint64_t phys_of(uint8_t buffer, uint32_t offset) const;
    uint64_t phys_now(uint8_t buffer, uint32_t offset) const;
    bool contiguous(const Piece& piece) const;
    bool lives_in(uint64_t from, uint64_t to, const Piece& but) const;
    bool out_of_reach(const Piece& piece) const;
    bool translated(const Piece& piece) const;
    bool inside_lines(uint64_t places) const;
    uint64_t line() const { return static_cast<uint64_t>(platform_.get<&Platform::line>()); }

    const Run* run_ = nullptr;
    PlatformView platform_;
    size_t piece_count_ = 0;
    std::vector<PieceState> pieces_;  // it only ever grows
    ContractCheck found_;
    uint8_t now_ = 0;
    std::array<bool, buffers_with_stack> live_{};
    std::array<bool, cpus_max> irqs_off_{};
    // ending: the call that ends it has begun; abandoned: failed, and the driver has asked
    std::vector<uint8_t> in_order_;  // the mappings made so far: names do not matter
    std::array<bool, mappings_max> mapped_{}, ending_{}, ended_{}, error_checked_{}, abandoned_{};
    std::array<Op, cpus_max> pending_{};  // calls between their two halves
    std::array<bool, cpus_max> has_pending_{};
    std::array<uint32_t, cpus_max> unchecked_{};  // mappings whose error the CPU has yet to ask about, a bit each
    struct Moved {
        uint8_t buffer, op;
        uint32_t page;
        uint64_t phys;
    };
    std::vector<Moved> moved_;                       // pages, by copy-on-write
    std::array<uint8_t, mappings_max> list_made_{};  // by the mapping that made a list: when
};

}  // namespace dmafuzz
