// SPDX-License-Identifier: GPL-2.0-only
#include "exhaustive/walk.hpp"

#include <algorithm>
#include <bit>
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

Op exchanged(Op op) {
    const OpTraits& t = traits(op.kind);
    if (t.names_device || op.given_device) op.device ^= 1;
    return op;
}

}  // namespace

Walk::Walk(const std::string& tracker, std::vector<Platform> portfolio, int cpus, int devices)
    : tracker_(tracker),
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

uint64_t Walk::pairs(size_t from, size_t to) const {
    DMAFUZZ_CHECK(from <= to && to <= last().size());
    uint64_t pairs = 0;
    for (size_t i = from; i < to; i++) pairs += contexts_.successors(last()[i].context).size();
    return pairs;
}

Program Walk::program(size_t joint) const {
    Program program;
    for (size_t layer = layers_.size(); --layer > 0;) {
        const Joint& j = layers_[layer][joint];
        program.ops.push_back(contexts_.op(j.letter));
        joint = j.parent;
    }
    std::reverse(program.ops.begin(), program.ops.end());
    return program;
}

std::vector<uint8_t> Walk::names(size_t joint) const {
    std::vector<uint8_t> names(length(), Judge::no_name);
    for (size_t layer = layers_.size(); --layer > 0;) {
        const Joint& j = layers_[layer][joint];
        if (j.named) names[layer - 1] = 0;
        joint = j.parent;
    }
    uint8_t next = 0;
    for (uint8_t& name : names)
        if (name == 0) name = next++;
    return names;
}

uint32_t Walk::state(size_t platform, const Digest& digest) {
    auto& known = states_[platform];
    return known.try_emplace(digest, static_cast<uint32_t>(known.size())).first->second;
}

void Walk::turn() {
    next_.close();
    for (size_t i = 0; i < next_.size(); i++) contexts_.write_letters(next_[i].context);
    layers_.push_back(std::move(next_));
    next_ = Layer(machines_.size());
}

Expander::Expander(const Walk& walk)
    : walk_(walk),
      judge_(walk.tracker(), walk.machines()),
      row_of_(walk.machines().size()),
      row_(walk.machines().size()),
      outcomes_(walk.machines().size()),
      mirrored_(walk.platforms()),
      nexts_(walk.machines().size()) {}

void Expander::expand(size_t from, size_t to, Walk* growing) {
    DMAFUZZ_CHECK(from <= to && to <= walk_.last().size());
    if (growing) judge_.keep_states();
    context_ = unknown;
    for (size_t joint = from; joint < to; joint++) {
        if (walk_.last()[joint].context != context_) enter(walk_.last()[joint].context);
        start_at(joint);
        const size_t successors = walk_.contexts().successors(context_).size();
        for (size_t letter = 0; letter < successors; letter++) visit(letter, growing);
    }
}

void Expander::enter(Contexts::Id context) {
    context_ = context;
    rows_.clear();
    for (auto& rows : row_of_) rows.clear();
}

void Expander::start_at(size_t joint) {
    joint_ = joint;
    written_ = false;
    const size_t successors = walk_.contexts().successors(context_).size();
    const std::span<const uint32_t> states = walk_.last().states(joint);
    for (size_t p = 0; p < states.size(); p++) {
        auto [at, added] = row_of_[p].try_emplace(states[p], rows_.size());
        if (added) rows_.resize(rows_.size() + successors);
        row_[p] = at->second;
    }
}

// The program that leads to the joint state, and the letter after it, for the judge.
void Expander::start(const Op& op) {
    if (!written_) {
        written_ = true;
        program_ = walk_.program(joint_);
        names_ = walk_.names(joint_);
        next_name_ = static_cast<uint8_t>(
            std::count_if(names_.begin(), names_.end(), [](uint8_t n) { return n != Judge::no_name; }));
        program_.ops.emplace_back();
        names_.push_back(next_name_);
    }
    started_ = true;
    program_.ops.back() = op;
    judge_.start(program_);
}

// Works out the outcomes that are not known yet: all of them at once, so that equal platforms take over from each
// other.
void Expander::carry_out(size_t letter) {
    const Op& op = walk_.contexts().op(walk_.contexts().successors(context_)[letter]);
    if (!started_) start(op);
    names_.back() = next_name_;
    for (size_t p = 0; p < row_.size(); p++) {
        Transition& t = transition(p, letter);
        if (t.outcome != unknown) continue;
        carried_out_++;
        Outcome outcome = judge_.outcome(p, names_);
        // Rules only matter where there is something to find.
        if (!outcome.warnings.empty() || !outcome.silent.empty()) outcome.rules = judge_.rules(p);
        t.outcome = verdicts_.outcome(outcome);
        t.warned = verdicts_.warned(t.outcome, next_name_);
    }
}

Order Expander::order_with(const Op& op) const {
    const Context& c = walk_.contexts()[context_];
    const OpTraits& t = traits(op.kind);
    Order order;
    order.ops = static_cast<uint32_t>(walk_.length() + 1);
    order.cpus = static_cast<uint32_t>(std::popcount(c.cpus() | (is_device_access(op.kind) ? 0u : 1u << op.cpu)));
    order.splits = c.splits() + op.split;
    order.devices =
        static_cast<uint32_t>(std::popcount(c.devices() | (t.names_device || op.given_device ? 1u << op.device : 0u)));
    order.buffers = c.buffers() + t.defines_buffer;
    order.sizes = walk_.last()[joint_].sizes + sizes_of(op);
    return order;
}

void Expander::write_down(Verdicts::Id verdict, const Op& op, const Place& place) {
    if (totals_.size() <= verdict) totals_.resize(verdict + 1);
    const VerdictTotal met{walk_.last()[joint_].count, order_with(op), place};
    VerdictTotal& total = totals_[verdict];
    const uint64_t count = total.count + met.count;
    if (total.count == 0 || met.before(total)) total = met;
    total.count = count;
}

void Expander::visit(size_t letter, Walk* growing) {
    started_ = false;
    bool missing = false, named = false;
    for (size_t p = 0; p < row_.size(); p++) missing |= transition(p, letter).outcome == unknown;
    if (missing) carry_out(letter);
    for (size_t p = 0; p < row_.size(); p++) {
        const Transition& t = transition(p, letter);
        outcomes_[p] = t.outcome;
        named |= t.warned;
    }
    const uint16_t id = walk_.contexts().successors(context_)[letter];
    const Op& op = walk_.contexts().op(id);
    write_down(verdicts_.verdict(std::span(outcomes_).first(walk_.platforms())), op, {joint_, id, false});
    const bool names_device = traits(op.kind).names_device || op.given_device;
    if (walk_.has_mirror(walk_.contexts()[context_].devices() | static_cast<uint32_t>(names_device))) {
        for (size_t p = 0; p < walk_.platforms(); p++) mirrored_[p] = outcomes_[walk_.mirrored()[p]];
        write_down(verdicts_.verdict(mirrored_), op, {joint_, id, true});
    }
    if (growing) grow(*growing, letter, named);
}

Program Expander::program_of(const VerdictTotal& total) const {
    Program program = walk_.program(total.place.joint);
    program.ops.push_back(walk_.contexts().op(total.place.letter));
    if (total.place.mirrored)
        for (Op& op : program.ops) op = exchanged(op);
    return program;
}

void Expander::grow(Walk& walk, size_t letter, bool named) {
    const uint16_t id = walk_.contexts().successors(context_)[letter];
    const Op op = walk_.contexts().op(id);
    for (size_t p = 0; p < row_.size(); p++) {
        uint32_t& next = transition(p, letter).next[named];
        if (next == unknown) {
            if (!started_) start(op);
            names_.back() = named ? next_name_ : Judge::no_name;
            next = walk.state(p, judge_.state(p, names_));
        }
        nexts_[p] = next;
    }
    Joint joint;
    joint.context = walk.context_after(context_, op);
    joint.count = walk_.last()[joint_].count;
    joint.parent = static_cast<uint32_t>(joint_);
    joint.letter = id;
    joint.named = named;
    joint.sizes = walk_.last()[joint_].sizes + static_cast<uint32_t>(sizes_of(op));
    walk.next().add(joint, nexts_);
}

void Expander::gather(Gathered& cause, const Signature& shown, const VerdictTotal& total) const {
    cause.count += total.count;
    cause.signature.platforms |= shown.platforms;
    for (size_t p = 0; p < cause.best.size(); p++)
        if (shown.platforms[p] && (!cause.best[p] || total.before(*cause.best[p]))) cause.best[p] = &total;
}

Cause Expander::settle(const Gathered& gathered) const {
    Cause cause{gathered.signature, gathered.count, {}};
    std::vector<const VerdictTotal*> seen;
    for (size_t p = 0; p < gathered.best.size(); p++) {
        const VerdictTotal* total = gathered.best[p];
        if (!total) continue;
        const size_t at = static_cast<size_t>(std::find(seen.begin(), seen.end(), total) - seen.begin());
        if (at == seen.size()) {
            seen.push_back(total);
            cause.smallest.push_back({total->order, total->place, program_of(*total), {}});
        }
        cause.smallest[at].platforms.set(p);
    }
    return cause;
}

Harvest Expander::harvest() {
    Harvest out;
    out.labels.resize(walk_.platforms());
    std::vector<Gathered> gathered;
    std::unordered_map<uint64_t, size_t> places;
    for (size_t v = 0; v < totals_.size(); v++) {
        const VerdictTotal& total = totals_[v];
        if (total.count == 0) continue;
        out.programs += total.count;
        const Verdict& verdict = verdicts_[static_cast<Verdicts::Id>(v)];
        for (size_t p = 0; p < walk_.platforms(); p++)
            for (size_t label = 0; label < static_cast<size_t>(Label::count_); label++)
                if (verdict.labels[p] >> label & 1) out.labels[p][label] += total.count;
        for (const Signature& shown : verdict.signatures) {
            auto [place, added] = places.try_emplace(signature_key(shown), gathered.size());
            if (added) gathered.push_back({shown, 0, std::vector<const VerdictTotal*>(walk_.platforms())});
            gather(gathered[place->second], shown, total);
        }
    }
    for (const Gathered& cause : gathered) out.causes.push_back(settle(cause));
    totals_.clear();
    return out;
}

}  // namespace dmafuzz
