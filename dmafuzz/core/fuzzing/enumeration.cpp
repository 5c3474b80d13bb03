// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/enumeration.hpp"

#include <algorithm>
#include <utility>

#include "check/check.hpp"
#include "fuzzing/hash.hpp"

namespace dmafuzz {

namespace {

constexpr Alphabet alphabet{1, 2};

}  // namespace

Enumeration::Enumeration(int ops, uint32_t part, uint32_t parts)
    : ops_(static_cast<size_t>(ops)), part_(part), parts_(parts) {
    DMAFUZZ_CHECK(parts > 0);
    if (ops_ && part < parts) beginnings_.emplace_back();
}

// Those with all operations but the last lead to nearly all programs: they are shared out.
bool Enumeration::mine(const Program& beginning) const {
    return beginning.ops.size() + 1 < ops_ || hash_program(beginning) % parts_ == part_;
}

bool Enumeration::next_beginning(Rng& rng) {
    do {
        if (beginnings_.empty()) std::swap(beginnings_, longer_);
        if (beginnings_.empty()) return false;
        std::swap(beginnings_[rng.below(static_cast<uint32_t>(beginnings_.size()))], beginnings_.back());
        beginning_ = std::move(beginnings_.back());
        beginnings_.pop_back();
    } while (!mine(beginning_));
    letters_ = Context::of(beginning_.ops).successors(alphabet);
    std::reverse(letters_.begin(), letters_.end());
    return true;
}

bool Enumeration::next(Rng& rng, Program& program) {
    while (letters_.empty())
        if (!next_beginning(rng)) return false;
    program = beginning_;
    program.ops.push_back(letters_.back());
    letters_.pop_back();
    if (program.ops.size() < ops_) longer_.push_back(program);
    return true;
}

}  // namespace dmafuzz
