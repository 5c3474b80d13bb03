// SPDX-License-Identifier: GPL-2.0-only
#include "exhaustive/layer.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <tuple>

#include "check/check.hpp"

namespace dmafuzz {

uint16_t OpTable::id(const Op& op) {
    Digest d;
    add_op(d, op);
    if (ops.size() == 0xffff) throw std::length_error("the alphabet has more than 65,535 letters");
    auto [at, added] = ids.try_emplace(d, static_cast<uint16_t>(ops.size()));
    if (added) ops.push_back(op);
    return at->second;
}

Contexts::Id Contexts::id(const Context& context) {
    auto [at, added] = ids_.try_emplace(context.digest(), static_cast<Id>(used_.size()));
    if (!added) return at->second;
    used_.push_back({context.cpus(), context.devices(), context.splits(), context.buffers()});
    const std::vector<Op> ops = context.successors(alphabet_);
    std::vector<uint16_t>& letters = successors_.emplace_back();
    letters.reserve(ops.size());
    for (const Op& op : ops) letters.push_back(table_.id(op));
    return at->second;
}

void Layer::add(const Joint& joint, std::span<const uint32_t> states) {
    DMAFUZZ_CHECK(states.size() == platforms_);
    Digest key;
    key.add(joint.context);
    for (uint32_t state : states) key.add(state);
    auto [at, added] = places_.try_emplace(key, static_cast<uint32_t>(joints_.size()));
    if (added) {
        joints_.push_back(joint);
        states_.insert(states_.end(), states.begin(), states.end());
        return;
    }
    merged_++;
    Joint& known = joints_[at->second];
    const uint64_t count = known.count + joint.count;
    if (std::tie(joint.sizes, joint.rank) < std::tie(known.sizes, known.rank)) known = joint;
    known.count = count;
}

void Layer::close() {
    places_ = {};
    std::vector<uint32_t> order(joints_.size());
    std::iota(order.begin(), order.end(), 0u);
    auto key = [&](uint32_t i) { return states(i); };
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        if (joints_[a].context != joints_[b].context) return joints_[a].context < joints_[b].context;
        return std::lexicographical_compare(key(a).begin(), key(a).end(), key(b).begin(), key(b).end());
    });
    std::vector<Joint> joints;
    std::vector<uint32_t> sorted;
    joints.reserve(order.size());
    sorted.reserve(states_.size());
    for (uint32_t i : order) {
        joints.push_back(joints_[i]);
        sorted.insert(sorted.end(), states(i).begin(), states(i).end());
    }
    joints_ = std::move(joints);
    states_ = std::move(sorted);
    rank();
}

void Layer::rank() {
    std::vector<uint32_t> order(joints_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return joints_[a].rank < joints_[b].rank; });
    for (size_t i = 0; i < order.size(); i++) joints_[order[i]].rank = i;
}

}  // namespace dmafuzz
