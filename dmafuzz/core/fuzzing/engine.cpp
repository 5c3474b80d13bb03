#include "fuzzing/engine.hpp"

#include <algorithm>
#include <chrono>

#include "fuzzing/hash.hpp"

namespace dmafuzz {

namespace {

// Up to here a program is short.
constexpr size_t short_ops = 5;

const Program& any_of(Rng& rng, const std::vector<Program>& programs) { return programs[rng.below(static_cast<uint32_t>(programs.size()))]; }

}  // namespace

size_t platform_of(const Program& program, size_t platforms) { return hash_program(program) % platforms; }

Engine::Engine(const std::string& tracker, std::vector<Platform> portfolio, uint64_t seed, int ops_limit)
    : judge_(tracker, std::move(portfolio)), rng_(seed), ops_limit_(ops_limit) {}

// Operation and direction, in pairs.
void Engine::mark_program(const Program& program) {
    uint64_t last = 0;
    for (const Op& op : program.ops) {
        uint64_t now = static_cast<uint64_t>(op.kind) << 4 | static_cast<uint64_t>(op.direction);
        coverage_.mark(mix(last, now));
        last = now;
    }
}

// What came of it: corruption and warnings by kind, the operation they follow, and whether they belong together.
void Engine::mark_verdict(const Analysis& a) {
    for (const Corruption& c : a.corruptions) {
        const Op& op = a.run.ops[c.op];
        uint64_t where = static_cast<uint64_t>(op.kind) << 8 | static_cast<uint64_t>(a.run.kinds[c.span.buffer]);
        coverage_.mark(mix(0x100 + static_cast<uint64_t>(c.kind) * 2 + c.explained, where));
    }
    for (size_t i = 0; i < a.watch.warnings.size(); i++) {
        const Warning& w = a.watch.warnings[i];
        coverage_.mark(mix(0x200 + static_cast<uint64_t>(w.id) * 2 + a.justified_here[i], static_cast<uint64_t>(a.run.ops[w.op].kind)));
    }
    for (const Harm& h : a.harms) coverage_.mark(mix(0x300 + static_cast<uint64_t>(h.kind), static_cast<uint64_t>(a.run.ops[h.op].kind)));
}

// One program, on one platform that depends on nothing but the program, so that it replays.
bool Engine::evaluate(const Program& program) {
    recorder_.record(program);
    if (lookout_) lookout_->begin();
    size_t platform = platform_of(program, judge_.platforms());
    coverage_.start();
    mark_program(program);
    judge_.start(program);
    const Analysis& analysis = judge_.cover(platform, &coverage_, &coverage_);
    mark_verdict(analysis);
    broken_ = analysis.broken();
    if (lookout_) lookout_->judged(program, judge_, platform);
    stats_.programs++;
    stats_.operations += program.ops.size();
    return coverage_.novel();
}

bool Engine::run(const Program& program) { return evaluate(program); }

// On the whole portfolio, worked out once for all of its platforms; minimising starts afresh.
void Engine::collect(const Program& program) {
    judge_.start(program);
    std::vector<Target> found;
    for (size_t platform = 0; platform < judge_.platforms(); platform++) {
        std::vector<Target> targets = targets_of(judge_, platform);
        if (lookout_ && !targets.empty()) lookout_->look(program, judge_, platform);
        Rules rules = targets.empty() ? 0 : judge_.rules(platform);
        for (Target target : targets) {
            target.rules = rules;
            found.push_back(target);
        }
    }
    for (const Target& target : found) consider(program, target);
}

void Engine::consider(const Program& program, Target target) {
    // A program may hold a new cause beside a known one: now and then it is minimised all the same.
    constexpr uint32_t one_in_known = 64;
    const bool known = known_.enough(signature_of(target)) || known_.at_work_in(program, target);
    if (!known || rng_.one_in(one_in_known)) report(program, target);
}

// What the minimal program shows.
Target Engine::report(const Program& program, Target target) {
    Minimised minimal = minimise(judge_, program, target);
    stats_.minimised++;
    if (lookout_) {
        judge_.start(minimal.program);
        judge_.cover(target.platform);
        lookout_->look(minimal.program, judge_, target.platform);
    }
    target.rules = minimal.rules;
    target.reason = minimal.reason;
    const bool enough = known_.enough(signature_of(target));
    if (!known_.add(target, minimal.program) || enough) return target;
    grow_from(minimal.program, target);
    findings_.push_back({target, minimal.program, program});
    return target;
}

// Of so many, older ones make room: a run may take days.
void Engine::keep_short(const Program& program) {
    constexpr size_t short_ones_max = 50'000;
    if (short_ones_.size() < short_ones_max) short_ones_.push_back(program);
    else short_ones_[rng_.below(short_ones_max)] = program;
}

// What larger programs, and others like it, are made of.
void Engine::grow_from(const Program& minimal, const Target& target) {
    if (minimal.ops.size() >= short_ops) return;
    keep_short(minimal);
    neighbourhoods_.add(minimal, target);
    if (signatures_.insert(signature_of(target)).second) minimal_.push_back(minimal);
}

// A short program that seems to have something rare is judged on the whole portfolio at once: it has few faults, so what it shows
// is mostly a cause of its own, and whether a warning is ever worth it no single platform can say.
void Engine::look_closely(const Program& program) {
    if (judge_.platforms() > platforms_max) return;
    // Of what there is enough, some is looked at all the same: with a line or two less it may be something else.
    constexpr uint32_t one_in_enough = 64;
    for (const Shown& shown : shown_by(judge_))
        if (!known_.enough(signature_of(shown)) || rng_.one_in(one_in_enough)) leads_.add(program, shown);
}

// Where the program needs all of its lines: elsewhere a rest of it, which is looked at instead, shows the same and breaks no
// other rules. What is two faults on most platforms may be one on an odd one. Lines that make no difference anywhere are dropped.
PlatformSet Engine::needs_all_lines(Program& program, const Shown& shown) {
    PlatformSet left = leads_.open(shown);
    for (size_t line = 0; line < program.ops.size() && left.any();) {
        Program rest = without_line(program, line);
        judge_.start(rest);
        PlatformSet same, fewer;  // rules
        for (size_t platform = 0; platform < judge_.platforms() && !rest.ops.empty(); platform++)
            if (left[platform] && shows(judge_, {shown.label, shown.kind, platform, shown.rules, shown.reason}))
                (judge_.rules(platform) == shown.rules ? same : fewer).set(platform);
        if (same == left) {
            program = std::move(rest);
            line = 0;
            continue;
        }
        left &= ~(same | fewer);
        if ((same | fewer).any()) look_closely(rest);
        line++;
    }
    return left;
}

void Engine::follow_lead() {
    Lead lead = leads_.take();
    stats_.followed++;
    auto start = Clock::now();
    const PlatformSet platforms = needs_all_lines(lead.program, lead.shown);
    if (platforms.any()) {
        // With the sizes that it was found with, besides the minimal ones: more can come of them.
        if (lead.program.ops.size() < short_ops) keep_short(lead.program);
        const Target target = leads_.target(lead.shown, platforms, rng_);
        if (report(lead.program, target) == target) leads_.close(target, platforms);
    }
    following_ += std::chrono::duration<double>(Clock::now() - start).count();
}

// Judging a program on the whole portfolio and minimising cost far more than running it, so they get a
// share of the time. At the end, novel programs that wait are judged; leads are not followed any more.
void Engine::collect_waiting(bool all) {
    // Those that break many rules come last: with less than half of the time, a long run would never come to them.
    constexpr size_t many = 20'000;
    const double share = leads_.size() > many ? 0.5 : 0.3;
    // Leads are worth more, but not all of it.
    constexpr double share_of_leads = 0.7;
    if (all) {
        while (!waiting_.empty()) collect_newest();
        return;
    }
    while (!(waiting_.empty() && leads_.empty()) && collecting_ + following_ < share * (collecting_ + following_ + running_)) {
        const bool leads_turn = following_ < share_of_leads * (following_ + collecting_) || following_ == 0;
        if (waiting_.empty() || (!leads_.empty() && leads_turn)) follow_lead();
        else collect_newest();
    }
}

void Engine::collect_newest() {
    Program program = std::move(waiting_.back());
    waiting_.pop_back();
    auto start = Clock::now();
    collect(program);
    collecting_ += std::chrono::duration<double>(Clock::now() - start).count();
}

void Engine::keep(const Program& program) {
    stats_.novel++;
    if (program.ops.size() <= short_ops) keep_short(program);
    corpus_.push_back(program);
    waiting_.push_back(program);
    // Where the tracker itself goes wrong, the first case is more urgent than anything else.
    if (broken_ && !known_.any(Label::broken)) collect_newest();
}

bool Engine::add(const Program& program) {
    if (program.ops.empty()) return false;
    if (!evaluate(program)) return false;
    keep(program);
    return true;
}

Program Engine::child_of(const Program* parent) {
    // Of sixteen programs four go through the neighbourhoods of minimal ones, eight are fresh, two of these short, two grow out of short
    // ones, two are mutants of the corpus: most causes are shallow, and where feedback has nothing to say, what owes nothing to the
    // corpus is sooner there (reports/benchmark.md, reports/recall.md).
    constexpr uint32_t near = 4, fresh_short = 6, fresh_long = 12, grown = 14, all = 16;
    const uint32_t sort = rng_.below(all);
    const int short_limit = std::min<int>(ops_limit_, short_ops);
    auto fresh = [&](int limit, bool even) { return random_program(rng_, 2 + static_cast<int>(rng_.below(static_cast<uint32_t>(limit - 1))), even); };
    if (sort < near)
        if (Program neighbour; neighbourhoods_.next(neighbour, short_limit)) return neighbour;
    if (corpus_.empty() || sort < fresh_short) return fresh(short_limit, true);
    if (sort < fresh_long) return fresh(ops_limit_, false);
    if (sort < grown && !short_ones_.empty()) {
        // One in two grows out of a minimal program, of which there are few, with lines of another one.
        const std::vector<Program>& from = minimal_.empty() || rng_.one_in(2) ? short_ones_ : minimal_;
        const std::vector<Program>& with = minimal_.empty() ? short_ones_ : minimal_;
        const Program &grown = any_of(rng_, from), &other = any_of(rng_, with);
        return mutate(rng_, grown, other, short_limit, true);
    }
    // The newest half of the time: what was novel last is where the frontier is.
    auto pick = [&]() -> const Program& {
        size_t n = corpus_.size();
        size_t back = rng_.one_in(2) ? rng_.below(static_cast<uint32_t>(std::min<size_t>(n, 64))) : rng_.below(static_cast<uint32_t>(n));
        return corpus_[n - 1 - back];
    };
    const Program &changed = parent ? *parent : pick(), &other = pick();
    return mutate(rng_, changed, other, ops_limit_);
}

bool Engine::shows_something_rare(const Program& evaluated) {
    return rarity_.rare(judge_, platform_of(evaluated, judge_.platforms()));
}

// One child, judged; true if it is novel, and then it is kept.
bool Engine::try_child(const Program& child) {
    const bool novel = evaluate(child);
    constexpr uint32_t one_in_common = 32;
    if (child.ops.size() <= short_ops && (shows_something_rare(child) || rng_.one_in(one_in_common))) look_closely(child);
    if (!novel) return false;
    keep(child);
    novel_.push_back(child);
    return true;
}

int Engine::burst(int children, int milliseconds) {
    auto start = Clock::now(), now = start, end = start + std::chrono::milliseconds(milliseconds);
    int novel = 0;
    constexpr int between_looks = 32;  // at the clock
    for (int i = 0; i < children && now < end; i++) {
        novel += try_child(child_of(nullptr));
        if (i % between_looks != between_looks - 1) continue;
        auto then = Clock::now();
        running_ += std::chrono::duration<double>(then - now).count();
        collect_waiting(false);
        now = Clock::now();
    }
    return novel;
}

std::vector<Program> Engine::take_novel() {
    std::vector<Program> taken;
    taken.swap(novel_);
    return taken;
}

Program Engine::novel_child(const Program& parent, int children, int milliseconds, uint64_t seed) {
    rng_ = Rng(rng_.next() ^ seed);
    auto start = Clock::now(), end = start + std::chrono::milliseconds(milliseconds);
    Program child = parent, chosen = parent;
    bool found = false;
    for (int i = 0; i < children; i++) {
        if (i % 32 == 31 && Clock::now() >= end) break;
        // libFuzzer's choice of parent now and then, our own else: it knows only what it has run itself.
        child = child_of(i % 8 == 0 && !parent.ops.empty() ? &parent : nullptr);
        if (try_child(child)) {
            chosen = child;
            found = true;
        }
    }
    running_ += std::chrono::duration<double>(Clock::now() - start).count();
    collect_waiting(false);
    return found ? chosen : child;
}

std::vector<Finding> Engine::take_findings(bool finish) {
    if (finish) collect_waiting(true);
    std::vector<Finding> taken;
    taken.swap(findings_);
    return taken;
}

EngineStats Engine::stats() const {
    EngineStats s = stats_;
    s.corpus = corpus_.size();
    s.coverage = coverage_.seen();
    s.waiting = waiting_.size();
    s.leads = leads_.size();
    s.automaton = Automaton::shared().stats();
    return s;
}

}  // namespace dmafuzz
