// SPDX-License-Identifier: GPL-2.0-only
// The walk through all programs up to some length: layer by layer, through the product of the states of machine,
// tracker, memory and contract monitor on all platforms. Programs that have come to equal states on every platform are
// one from there on, with a count. Source: docs/spec/verdicts.md §6 (Minimal).
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "exhaustive/layer.hpp"
#include "judge/cause.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

class Walk {
public:
    // `beside`: a second tracker, so that states are those of both; "": none.
    Walk(const std::string& tracker, std::vector<Platform> portfolio, int cpus, int devices,
         const std::string& beside = "");
    // One that begins with a part of another one's last layer, from `from` up to `to`, and goes on by itself: programs
    // are merged inside the part only, and nothing of it depends on other parts. The other one has to outlive it, and
    // must not grow meanwhile.
    Walk(const Walk& before, size_t from, size_t to);

    const std::string& tracker() const { return tracker_; }
    const std::string& beside() const { return beside_; }
    size_t platforms() const { return platforms_; }
    // The portfolio, then each platform that tells the two devices apart once more, with its devices exchanged.
    // Programs are walked with d0 as the first device named; the same program with the devices exchanged has the same
    // result on the others.
    const std::vector<Platform>& machines() const { return machines_; }
    // Where among the machines a platform stands, for programs with the devices exchanged.
    const std::vector<size_t>& mirrored() const { return mirrored_; }
    // Are there programs that differ from one walked in the names of the devices alone?
    bool has_mirror(bool names_devices) const { return names_devices && machines_.size() > platforms_; }
    const Contexts& contexts() const { return contexts_; }

    // The last layer: of programs of `length()` operations.
    size_t length() const { return (before_ ? before_->length() : 0) + layers_.size() - 1; }
    const Layer& last() const { return layers_.back(); }
    // How many pairs of a state, from `from` up to `to` of the last layer, and a letter there are.
    uint64_t pairs(size_t from, size_t to) const;
    // How many programs of one more operation they stand for.
    uint64_t programs_after(size_t from, size_t to) const;
    Program program(size_t joint) const;
    // The same program, each letter by its place among those that can follow.
    std::vector<uint16_t> letters(size_t joint) const;
    // Names of its operations, for warnings (Judge::state).
    std::vector<uint8_t> names(size_t joint) const;

    // The layer to come, while it is made.
    Layer& next() { return next_; }
    uint32_t state(size_t platform, const Digest& digest);
    Contexts::Id context(const Context& context) { return contexts_.id(context); }
    // The next layer is complete, and becomes the last.
    void turn();

private:
    // From the last operation of a program to its first: the contexts before it, and what follows there.
    struct Step {
        const Contexts* contexts;
        Contexts::Id context;
        const Joint* joint;
    };
    std::vector<Step> steps_back(size_t joint) const;

    const Walk* before_ = nullptr;
    std::string tracker_, beside_;
    size_t platforms_;
    std::vector<Platform> machines_;
    std::vector<size_t> mirrored_;
    Contexts contexts_;
    std::vector<Layer> layers_;
    Layer next_;
    std::vector<std::unordered_map<Digest, uint32_t, DigestHash>> states_;  // of the layer to come, by platform
};

}  // namespace dmafuzz
