// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/known_causes.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "fuzzing/hash.hpp"

namespace dmafuzz {

bool KnownCauses::add(const PlatformSignature& target, const Program& minimal) {
    if (!causes_.insert(mix(signature_key(target), hash_program(minimal))).second) return false;
    labels_ |= bit(target.label);
    count_[signature_key(target)]++;
    Known k{target.rules, {}};
    for (const Op& op : minimal.ops) k.skeleton.push_back(op.kind);
    std::vector<Known>& same_sort = known_[key_without_rules(target.label, target.kind, target.reason)];
    if (std::find(same_sort.begin(), same_sort.end(), k) == same_sort.end()) same_sort.push_back(std::move(k));
    return true;
}

bool KnownCauses::enough(uint64_t signature) const {
    const auto rules = static_cast<size_t>(std::popcount(rules_of(signature)));
    constexpr std::array<uint32_t, 3> enough_of{~uint32_t{0}, ~uint32_t{0}, 4};
    auto known = count_.find(signature);
    return known != count_.end() && known->second >= (rules < enough_of.size() ? enough_of[rules] : 1);
}

bool KnownCauses::at_work_in(const Program& program, const PlatformSignature& target) const {
    auto same_sort = known_.find(key_without_rules(target.label, target.kind, target.reason));
    if (same_sort == known_.end()) return false;
    return std::any_of(same_sort->second.begin(), same_sort->second.end(), [&](const Known& k) {
        if (k.rules & ~target.rules) return false;
        size_t at = 0;
        for (const Op& op : program.ops)
            if (at < k.skeleton.size() && op.kind == k.skeleton[at]) at++;
        return at == k.skeleton.size();
    });
}

}  // namespace dmafuzz
