// SPDX-License-Identifier: GPL-2.0-only
#include "exhaustive/walk.hpp"

#include <algorithm>
#include <stdexcept>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

std::vector<Platform> with_mirrors(std::vector<Platform> portfolio, int devices) {
    if (portfolio.empty() || portfolio.size() > platforms_max)
        throw std::invalid_argument("a search takes a portfolio of 1 to 256 platforms");
    if (devices < 1 || devices > 2) throw std::invalid_argument("a search takes one or two devices");
    const size_t platforms = portfolio.size();
    for (size_t i = 0; devices == 2 && i < platforms; i++) {
        if (portfolio[i].devices[0] == portfolio[i].devices[1]) continue;
        portfolio.push_back(portfolio[i]);
        std::swap(portfolio.back().devices[0], portfolio.back().devices[1]);
    }
    return portfolio;
}

}  // namespace

Walk::Walk(const std::string& tracker, std::vector<Platform> portfolio, int cpus, int devices,
           const std::string& beside)
    : tracker_(tracker),
      beside_(beside),
      platforms_(portfolio.size()),
      machines_(with_mirrors(std::move(portfolio), devices)),
      contexts_({cpus, devices}),
      next_(machines_.size()),
      states_(machines_.size()) {
    if (cpus < 1 || cpus > 2) throw std::invalid_argument("a search takes one or two CPUs");
    size_t mirror = platforms_;
    for (size_t i = 0; i < platforms_; i++) {
        const bool apart = devices == 2 && !(machines_[i].devices[0] == machines_[i].devices[1]);
        mirrored_.push_back(apart ? mirror++ : i);
    }
    // The empty program.
    next_.add({contexts_.id({})}, std::vector<uint32_t>(machines_.size(), 0));
    turn();
}

Walk::Walk(const Walk& before, size_t from, size_t to)
    : before_(&before),
      tracker_(before.tracker_),
      beside_(before.beside_),
      platforms_(before.platforms_),
      machines_(before.machines_),
      mirrored_(before.mirrored_),
      contexts_(before.contexts_.alphabet()),
      next_(machines_.size()),
      states_(machines_.size()) {
    const Layer& layer = before.last();
    if (from > to || to > layer.size()) throw std::invalid_argument("a part is a range of the last layer's states");
    Contexts::Id context = 0;
    for (size_t i = from; i < to; i++) {
        Joint joint = layer[i];
        if (i == from || joint.context != layer[i - 1].context)
            context = contexts_.id(Context::of(before.program(i).ops));
        joint.context = context;
        joint.parent = static_cast<uint32_t>(i);
        next_.add(joint, layer.states(i));
    }
    turn();
}

uint64_t Walk::pairs(size_t from, size_t to) const {
    DMAFUZZ_CHECK(from <= to && to <= last().size());
    uint64_t pairs = 0;
    for (size_t i = from; i < to; i++) pairs += contexts_.successors(last()[i].context).size();
    return pairs;
}

uint64_t Walk::programs_after(size_t from, size_t to) const {
    DMAFUZZ_CHECK(from <= to && to <= last().size());
    uint64_t programs = 0;
    for (size_t i = from; i < to; i++) {
        const Joint& joint = last()[i];
        const uint32_t devices = contexts_[joint.context].devices;
        for (uint16_t letter : contexts_.successors(joint.context))
            programs += joint.count * (has_mirror(devices != 0 || names_device(contexts_.op(letter))) ? 2 : 1);
    }
    return programs;
}

std::vector<Walk::Step> Walk::steps_back(size_t joint) const {
    std::vector<Step> steps;
    for (size_t layer = layers_.size(); --layer > 0;) {
        const Joint& j = layers_[layer][joint];
        steps.push_back({&contexts_, layers_[layer - 1][j.parent].context, &j});
        joint = j.parent;
    }
    if (!before_) return steps;
    const std::vector<Step> rest = before_->steps_back(layers_[0][joint].parent);
    steps.insert(steps.end(), rest.begin(), rest.end());
    return steps;
}

Program Walk::program(size_t joint) const {
    Program program;
    for (const Step& step : steps_back(joint))
        program.ops.push_back(step.contexts->op(step.contexts->successors(step.context)[step.joint->letter]));
    std::reverse(program.ops.begin(), program.ops.end());
    return program;
}

std::vector<uint16_t> Walk::letters(size_t joint) const {
    std::vector<uint16_t> letters;
    for (const Step& step : steps_back(joint)) letters.push_back(step.joint->letter);
    std::reverse(letters.begin(), letters.end());
    return letters;
}

std::vector<uint8_t> Walk::names(size_t joint) const {
    const std::vector<Step> steps = steps_back(joint);
    std::vector<uint8_t> names(length(), Judge::no_name);
    uint8_t next = 0;
    for (size_t i = 0; i < names.size(); i++)
        if (steps[names.size() - 1 - i].joint->named) names[i] = next++;
    return names;
}

uint32_t Walk::state(size_t platform, const Digest& digest) {
    auto& known = states_[platform];
    return known.try_emplace(digest, static_cast<uint32_t>(known.size())).first->second;
}

void Walk::turn() {
    next_.close();
    if (!layers_.empty()) layers_.back().forget_states();
    layers_.push_back(std::move(next_));
    next_ = Layer(machines_.size());
    for (auto& known : states_) known = {};  // a state has its number among those of its layer
}

}  // namespace dmafuzz
