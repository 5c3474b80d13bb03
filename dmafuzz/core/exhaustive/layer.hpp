// SPDX-License-Identifier: GPL-2.0-only
// All programs of one length, those of equal states merged.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "check/check.hpp"
#include "alphabet/alphabet.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

// Operations, contexts and states by number: each is kept once.
struct OpTable {
    std::vector<Op> ops;
    std::unordered_map<Digest, uint16_t, DigestHash> ids;
    uint16_t id(const Op& op);
};

// What can follow a program, and what it has used so far, by number. The names themselves are not kept: a program says
// them.
class Contexts {
public:
    using Id = uint32_t;
    struct Used {
        uint32_t cpus, devices;  // a bit each
        uint32_t splits, buffers;
    };

    explicit Contexts(const Alphabet& alphabet) : alphabet_(alphabet) {}
    const Alphabet& alphabet() const { return alphabet_; }
    // Works out what can follow where that has not been done: not while others read.
    Id id(const Context& context);
    const Used& operator[](Id id) const {
        DMAFUZZ_CHECK(id < used_.size());
        return used_[id];
    }
    std::span<const uint16_t> successors(Id id) const { return successors_[id]; }
    const Op& op(uint16_t letter) const { return table_.ops[letter]; }

private:
    Alphabet alphabet_;
    OpTable table_;
    std::vector<Used> used_;
    std::vector<std::vector<uint16_t>> successors_;
    std::unordered_map<Digest, Id, DigestHash> ids_;
};

// One state of the product: the states of all platforms, and the context.
struct Joint {
    Contexts::Id context = 0;
    uint64_t count = 1;  // programs that lead here
    // The smallest of them: one of the layer before, and a letter.
    uint32_t parent = 0;
    uint16_t letter = 0;  // by its place among the letters that can follow there
    bool named = false;   // some platform's tracker warned about its last operation
    uint32_t sizes = 0;   // see Order
    // Among programs of the same size: by the letters, the first one first. While the layer is made: `rank_after`.
    uint64_t rank = 0;
};

// The order of the programs that follow those of one layer.
inline uint64_t rank_after(const Joint& joint, size_t letter) { return joint.rank << 16 | letter; }

class Layer {
public:
    explicit Layer(size_t platforms) : platforms_(platforms) {}

    size_t size() const { return joints_.size(); }
    const Joint& operator[](size_t i) const {
        DMAFUZZ_CHECK(i < joints_.size());
        return joints_[i];
    }
    std::span<const uint32_t> states(size_t i) const {
        DMAFUZZ_CHECK((i + 1) * platforms_ <= states_.size());
        return {states_.data() + i * platforms_, platforms_};
    }

    void add(const Joint& joint, std::span<const uint32_t> states);
    // Nothing is added from then on; those of one context stand together.
    void close();
    // What is needed to tell the programs alone stays.
    void forget_states() { states_ = {}; }
    uint64_t merged() const { return merged_; }

private:
    void rank();

    size_t platforms_;
    std::vector<Joint> joints_;
    std::vector<uint32_t> states_;
    std::unordered_map<Digest, uint32_t, DigestHash> places_;
    uint64_t merged_ = 0;
};

}  // namespace dmafuzz
