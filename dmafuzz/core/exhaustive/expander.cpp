// SPDX-License-Identifier: GPL-2.0-only
#include "exhaustive/expander.hpp"

#include <algorithm>
#include <bit>

#include "check/check.hpp"

namespace dmafuzz {

Expander::Expander(const Walk& walk)
    : walk_(walk), row_of_(walk.machines().size()), row_(walk.machines().size()), nexts_(walk.machines().size()) {
    judges_.push_back(std::make_unique<Judge>(walk.tracker(), walk.machines()));
    if (!walk.beside().empty()) {
        judges_.push_back(std::make_unique<Judge>(walk.beside(), walk.machines()));
        judges_.back()->take_runs_from(*judges_.front());
    }
    for (size_t tracker = 0; tracker < trackers(); tracker++) {
        outcomes_.of[tracker].resize(walk.machines().size());
        mirrored_.of[tracker].resize(walk.platforms());
    }
    outcomes_.turned.resize(walk.machines().size());
    mirrored_.turned.resize(walk.platforms());
}

void Expander::expand(size_t from, size_t to, Walk* growing) {
    DMAFUZZ_CHECK(from <= to && to <= walk_.last().size());
    if (growing)
        for (auto& judge : judges_) judge->keep_states();
    context_ = unknown;
    for (size_t joint = from; joint < to; joint++) {
        if (walk_.last()[joint].context != context_) enter(joint, growing);
        start_at(joint);
        const size_t successors = walk_.contexts().successors(context_).size();
        for (size_t letter = 0; letter < successors; letter++) visit(letter, growing);
    }
}

void Expander::enter(size_t joint, bool growing) {
    context_ = walk_.last()[joint].context;
    if (growing) names_in_use_ = Context::of(walk_.program(joint).ops);
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

// The program that leads to the joint state, and the letter after it, for the judges.
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
    for (auto& judge : judges_) judge->start(program_);
}

// On one platform. Where it is that of one that has been carried out just before, but for the rules, it is not worked
// out again. Rules only matter where there is something to find.
Verdicts::Id Expander::outcome(size_t tracker, size_t platform, size_t letter) {
    Judge& judge = *judges_[tracker];
    judge.analyse(platform);
    std::vector<size_t>& worked_out = worked_out_now_[tracker];
    const auto known = std::find_if(worked_out.begin(), worked_out.end(),
                                    [&](size_t other) { return judge.same_outcome(platform, other); });
    auto finds = [](const Outcome& outcome) { return !outcome.warnings.empty() || !outcome.silent.empty(); };
    if (known == worked_out.end()) {
        worked_out.push_back(platform);
        Outcome outcome = judge.outcome(platform, names_);
        if (finds(outcome)) outcome.rules = judges_[0]->rules(platform);
        return verdicts_.outcome(outcome);
    }
    const Verdicts::Id id = transition(*known, letter).outcomes[tracker];
    if (!finds(verdicts_.outcome_at(id))) return id;
    const Rules rules = judges_[0]->rules(platform);
    if (rules == verdicts_.outcome_at(id).rules) return id;
    Outcome outcome = verdicts_.outcome_at(id);
    outcome.rules = rules;
    return verdicts_.outcome(outcome);
}

// Works out the outcomes that are not known yet: all of them at once, so that equal platforms take over from each
// other.
void Expander::carry_out(size_t letter) {
    const Op& op = walk_.contexts().op(walk_.contexts().successors(context_)[letter]);
    if (!started_) start(op);
    names_.back() = next_name_;
    worked_out_now_.assign(trackers(), {});
    for (size_t p = 0; p < row_.size(); p++) {
        Transition& t = transition(p, letter);
        if (t.outcomes[0] != unknown) continue;
        carried_out_++;
        for (size_t tracker = 0; tracker < trackers(); tracker++) {
            t.outcomes[tracker] = outcome(tracker, p, letter);
            t.warned |= verdicts_.warned(t.outcomes[tracker], next_name_);
        }
        if (trackers() > 1) t.turned = changes_.turned(explained_otherwise(*judges_[0], *judges_[1], p));
    }
}

Order Expander::order_with(const Op& op) const {
    const Contexts::Used& used = walk_.contexts()[context_];
    const OpTraits& t = traits(op.kind);
    Order order;
    order.ops = static_cast<uint32_t>(walk_.length() + 1);
    order.cpus = static_cast<uint32_t>(std::popcount(used.cpus | (is_device_access(op.kind) ? 0u : 1u << op.cpu)));
    order.splits = used.splits + op.split;
    order.devices = static_cast<uint32_t>(std::popcount(used.devices | (names_device(op) ? 1u << op.device : 0u)));
    order.buffers = used.buffers + t.defines_buffer;
    order.sizes = walk_.last()[joint_].sizes + sizes_of(op);
    return order;
}

size_t Expander::pair_of(const Outcomes& outcomes) {
    const size_t platforms = walk_.platforms();
    Pair pair{};
    for (size_t tracker = 0; tracker < trackers(); tracker++)
        pair.verdicts[tracker] = verdicts_.verdict(std::span(outcomes.of[tracker]).first(platforms));
    if (trackers() == 1) pair.verdicts[1] = pair.verdicts[0];
    else
        pair.changes =
            changes_.between(verdicts_, std::span(outcomes.of[0]).first(platforms),
                             std::span(outcomes.of[1]).first(platforms), std::span(outcomes.turned).first(platforms));
    Digest key;
    key.add(static_cast<uint64_t>(pair.verdicts[0]) << 32 | pair.verdicts[1]);
    key.add(pair.changes);
    auto [at, added] = places_of_pairs_.try_emplace(key, pairs_.size());
    if (added) pairs_.push_back(pair);
    return at->second;
}

void Expander::write_down(size_t pair, const Op& op, const Place& place) {
    if (totals_.size() <= pair) totals_.resize(pair + 1);
    const VerdictTotal met{walk_.last()[joint_].count, order_with(op), place};
    VerdictTotal& total = totals_[pair];
    const uint64_t count = total.count + met.count;
    if (total.count == 0 || met.before(total)) total = met;
    total.count = count;
}

void Expander::visit(size_t letter, Walk* growing) {
    started_ = false;
    bool missing = false, named = false;
    for (size_t p = 0; p < row_.size(); p++) missing |= transition(p, letter).outcomes[0] == unknown;
    if (missing) carry_out(letter);
    for (size_t p = 0; p < row_.size(); p++) {
        const Transition& t = transition(p, letter);
        for (size_t tracker = 0; tracker < trackers(); tracker++) outcomes_.of[tracker][p] = t.outcomes[tracker];
        outcomes_.turned[p] = t.turned;
        named |= t.warned;
    }
    const Op& op = walk_.contexts().op(walk_.contexts().successors(context_)[letter]);
    const uint64_t rank = rank_after(walk_.last()[joint_], letter);
    write_down(pair_of(outcomes_), op, {rank, false, joint_});
    if (walk_.has_mirror(walk_.contexts()[context_].devices != 0 || names_device(op))) {
        for (size_t p = 0; p < walk_.platforms(); p++) {
            const size_t there = walk_.mirrored()[p];
            for (size_t tracker = 0; tracker < trackers(); tracker++)
                mirrored_.of[tracker][p] = outcomes_.of[tracker][there];
            mirrored_.turned[p] = outcomes_.turned[there];
        }
        write_down(pair_of(mirrored_), op, {rank, true, joint_});
    }
    if (growing) grow(*growing, letter, named);
}

Smallest Expander::smallest_of(const VerdictTotal& total) const {
    const Place& place = total.place;
    const Contexts& contexts = walk_.contexts();
    Smallest smallest{total.order, walk_.letters(place.joint), place.mirrored, walk_.program(place.joint), {}};
    smallest.letters.push_back(place.letter());
    smallest.program.ops.push_back(contexts.op(contexts.successors(walk_.last()[place.joint].context)[place.letter()]));
    if (place.mirrored)
        for (Op& o : smallest.program.ops)
            if (names_device(o)) o.device ^= 1;
    return smallest;
}

// Of both trackers: what is to come tells two programs apart if one of them does.
Digest Expander::state(size_t platform) {
    Digest state = judges_[0]->state(platform, names_);
    if (trackers() > 1) state.add(judges_[1]->state(platform, names_));
    return state;
}

void Expander::grow(Walk& walk, size_t letter, bool named) {
    const Op op = walk_.contexts().op(walk_.contexts().successors(context_)[letter]);
    for (size_t p = 0; p < row_.size(); p++) {
        uint32_t& next = transition(p, letter).next[named];
        if (next == unknown) {
            if (!started_) start(op);
            names_.back() = named ? next_name_ : Judge::no_name;
            next = walk.state(p, state(p));
        }
        nexts_[p] = next;
    }
    Joint joint;
    joint.context = walk.context(names_in_use_.after(op));
    joint.count = walk_.last()[joint_].count;
    joint.parent = static_cast<uint32_t>(joint_);
    joint.letter = static_cast<uint16_t>(letter);
    joint.rank = rank_after(walk_.last()[joint_], letter);
    joint.named = named;
    joint.sizes = walk_.last()[joint_].sizes + static_cast<uint32_t>(sizes_of(op));
    walk.next().add(joint, nexts_);
}

void Expander::gather(Gathering& causes, const Signature& shown, const VerdictTotal& total) const {
    const size_t platforms = walk_.platforms();
    auto [place, added] = causes.places.try_emplace(signature_key(shown), causes.causes.size());
    if (added)
        causes.causes.push_back(
            {shown, 0, std::vector<uint64_t>(platforms), std::vector<const VerdictTotal*>(platforms)});
    Gathered& cause = causes.causes[place->second];
    cause.count += total.count;
    cause.signature.platforms |= shown.platforms;
    for (size_t p = 0; p < platforms; p++) {
        if (!shown.platforms[p]) continue;
        cause.on_platform[p] += total.count;
        if (!cause.best[p] || total.before(*cause.best[p])) cause.best[p] = &total;
    }
}

Cause Expander::settle(const Gathered& gathered) const {
    Cause cause{gathered.signature, gathered.count, gathered.on_platform, {}};
    std::vector<const VerdictTotal*> seen;
    for (size_t p = 0; p < gathered.best.size(); p++) {
        const VerdictTotal* total = gathered.best[p];
        if (!total) continue;
        const size_t at = static_cast<size_t>(std::find(seen.begin(), seen.end(), total) - seen.begin());
        if (at == seen.size()) {
            seen.push_back(total);
            cause.smallest.push_back(smallest_of(*total));
        }
        cause.smallest[at].platforms.set(p);
    }
    return cause;
}

Harvest Expander::harvest_of(size_t tracker) const {
    Harvest out;
    out.labels.resize(walk_.platforms());
    Gathering gathering;
    for (size_t i = 0; i < totals_.size(); i++) {
        const VerdictTotal& total = totals_[i];
        if (total.count == 0) continue;
        out.programs += total.count;
        const Verdict& verdict = verdicts_[pairs_[i].verdicts[tracker]];
        for (size_t p = 0; p < walk_.platforms(); p++)
            for (size_t label = 0; label < static_cast<size_t>(Label::count_); label++)
                if (verdict.labels[p] >> label & 1) out.labels[p][label] += total.count;
        for (const Signature& shown : verdict.signatures) gather(gathering, shown, total);
    }
    for (const Gathered& cause : gathering.causes) out.causes.push_back(settle(cause));
    return out;
}

Harvest Expander::harvest() {
    Harvest out = harvest_of(0);
    totals_.clear();
    return out;
}

SideBySide Expander::harvest_both() {
    SideBySide out{harvest_of(0), harvest_of(1), {}, std::vector<SideBySide::Moves>(walk_.platforms())};
    std::array<Gathering, 2> changed;  // what the first tracker shows alone, and the second
    for (size_t i = 0; i < totals_.size(); i++) {
        const VerdictTotal& total = totals_[i];
        if (total.count == 0) continue;
        const Pair& pair = pairs_[i];
        const Verdict &first = verdicts_[pair.verdicts[0]], &second = verdicts_[pair.verdicts[1]];
        for (size_t p = 0; p < walk_.platforms(); p++) out.moves[p][{first.labels[p], second.labels[p]}] += total.count;
        for (const ChangedSignature& change : changes_[pair.changes])
            gather(changed[change.gained], change.signature, total);
    }
    for (bool gained : {false, true})
        for (const Gathered& cause : changed[gained].causes) out.changes.push_back({gained, settle(cause)});
    totals_.clear();
    return out;
}

}  // namespace dmafuzz
