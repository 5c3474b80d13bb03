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

uint32_t names_device(const Op& op) { return traits(op.kind).names_device || op.given_device ? 1 : 0; }

Op exchanged(Op op) {
    if (names_device(op)) op.device ^= 1;
    return op;
}

Context context_of(const Program& program) {
    Context context;
    for (const Op& op : program.ops) context = context.after(op);
    return context;
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
        if (i == from || joint.context != layer[i - 1].context) context = contexts_.id(context_of(before.program(i)));
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
            programs += joint.count * (has_mirror(devices | names_device(contexts_.op(letter))) ? 2 : 1);
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
    if (growing) names_in_use_ = context_of(walk_.program(joint));
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
    if (walk_.has_mirror(walk_.contexts()[context_].devices | names_device(op))) {
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
        for (Op& op : smallest.program.ops) op = exchanged(op);
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
