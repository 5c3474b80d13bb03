#include "search/engine.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "search/neighbours.hpp"

namespace dmafuzz {

namespace {

// Up to here a program is short.
constexpr size_t short_ops = 5;
// So often a signature is tried that turns out to be two faults in one program: in another one it may be one.
constexpr uint8_t enough = 32, waiting_max = 2;

// What is accounted for by known causes comes after all that is not.
constexpr uint32_t accounted_for = 1024;

uint32_t sort_of(Label label, uint8_t kind) { return static_cast<uint32_t>(label) << 8 | kind; }
uint64_t signature_of(const Target& t) { return static_cast<uint64_t>(sort_of(t.label, t.kind)) << 32 | t.rules; }

// One of the platforms of a set.
size_t any_of(Rng& rng, const PlatformSet& platforms) {
    uint32_t left = rng.below(static_cast<uint32_t>(platforms.count()));
    size_t at = 0;
    while (!platforms[at] || left-- > 0) at++;
    return at;
}

const Program& any_of(Rng& rng, const std::vector<Program>& programs) { return programs[rng.below(static_cast<uint32_t>(programs.size()))]; }

uint64_t mix(uint64_t a, uint64_t b) { return (a ^ (b + 0x9e3779b97f4a7c15ull + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccdull; }

// Of the records, so that it says nothing of how a program is kept.
uint64_t hash_program(const Program& program) {
    uint64_t h = program.ops.size();
    for (const Op& op : program.ops) {
        std::array<uint64_t, record_bytes / sizeof(uint64_t)> words;
        encode(op, reinterpret_cast<uint8_t*>(words.data()));
        for (uint64_t word : words) {
            h = (h ^ word) * 0x9e3779b97f4a7c15ull;
            h ^= h >> 32;
        }
    }
    return h;
}

}  // namespace

size_t platform_of(const Program& program, size_t platforms) { return hash_program(program) % platforms; }

FlightRecorder::~FlightRecorder() {
    if (page_) munmap(page_, sizeof(Page));
}

void FlightRecorder::open(const std::string& path) {
    int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
    if (file < 0) throw std::runtime_error("cannot open the flight recorder " + path + ": " + std::strerror(errno));
    void* at = MAP_FAILED;
    if (ftruncate(file, sizeof(Page)) == 0) at = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (at == MAP_FAILED) throw std::runtime_error("cannot map the flight recorder " + path + ": " + std::strerror(errno));
    page_ = static_cast<Page*>(at);
}

void FlightRecorder::record(const Program& program) {
    if (!page_) return;
    page_->bytes = 0;
    const size_t count = std::min<size_t>(program.ops.size(), ops_max);
    for (size_t i = 0; i < count; i++) encode(program.ops[i], page_->records + i * record_bytes);
    page_->bytes = count * record_bytes;
    page_->count++;
}

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

// Something unexplained or unjustified on its platform, which has not been seen often with the same rules broken: of what is
// common, most needs no closer look.
bool Engine::shows_something_rare(const Analysis& a, const Platform& platform) {
    constexpr uint8_t often = 64;
    constexpr uint64_t corruption = 1u << 8;
    suspicions_.clear();
    for (const Corruption& c : a.corruptions)
        if (!c.explained) suspicions_.push_back(corruption | static_cast<uint64_t>(c.kind));
    for (size_t i = 0; i < a.watch.warnings.size(); i++)
        if (!a.justified_here[i]) suspicions_.push_back(static_cast<uint64_t>(a.watch.warnings[i].id));
    if (suspicions_.empty()) return false;
    const uint64_t rules = static_cast<uint64_t>(broken_rules(a.run, platform)) << 32;
    bool rare = false;
    for (uint64_t suspicion : suspicions_) {
        uint8_t& times = times_seen_[rules | suspicion];
        if (times == often) continue;
        times++;
        rare = true;
    }
    return rare;
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
    suspect_ = program.ops.size() <= short_ops && shows_something_rare(analysis, judge_.platform(platform));
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
        Rules rules = targets.empty() ? 0 : broken_rules(judge_.analyse(platform).run, judge_.platform(platform));
        for (Target target : targets) {
            target.rules = rules;
            found.push_back(target);
        }
    }
    for (const Target& target : found) consider(program, target);
}

// Is a cause that is known already at work in the program? The same kind of finding, no rule broken that the program keeps,
// and the operations of its minimal program in that order.
bool Engine::known(const Program& program, const Target& target) const {
    for (const Known& k : known_) {
        if (k.label != target.label || k.kind != target.kind || (k.rules & ~target.rules)) continue;
        size_t at = 0;
        for (const Op& op : program.ops)
            if (at < k.skeleton.size() && op.kind == k.skeleton[at]) at++;
        if (at == k.skeleton.size()) return true;
    }
    return false;
}

void Engine::consider(const Program& program, Target target) {
    // A program may hold a new cause beside a known one: now and then it is minimised all the same.
    constexpr uint32_t one_in_known = 64;
    if (!known(program, target) || rng_.one_in(one_in_known)) report(program, target);
}

// The rules that the minimal program breaks.
Rules Engine::report(const Program& program, Target target) {
    Minimised minimal = minimise(judge_, program, target);
    stats_.minimised++;
    if (lookout_) {
        judge_.start(minimal.program);
        judge_.cover(target.platform);
        lookout_->look(minimal.program, judge_, target.platform);
    }
    target.rules = minimal.rules;
    uint64_t cause = mix(mix(static_cast<uint64_t>(target.label) << 8 | target.kind, minimal.rules), hash_program(minimal.program));
    if (!causes_.insert(cause).second) return minimal.rules;
    Known k{target.label, target.kind, minimal.rules, {}};
    for (const Op& op : minimal.program.ops) k.skeleton.push_back(op.kind);
    known_.push_back(std::move(k));
    if (minimal.program.ops.size() < short_ops) short_ones_.push_back(minimal.program);
    settle(minimal, target);
    keep_parent(minimal.program, target);
    findings_.push_back({target, minimal.program, program});
    return minimal.rules;
}

// Where no known cause that breaks fewer rules shows the same: what is two faults on most platforms may be one on an odd one.
PlatformSet Engine::not_accounted_for(const Shown& shown) const {
    PlatformSet odd = shown.platforms;
    auto known = settled_.find(sort_of(shown.label, shown.kind));
    if (known == settled_.end()) return odd;
    for (const Settled& s : known->second)
        if ((s.rules & ~shown.rules) == 0 && s.rules != shown.rules) odd &= ~s.platforms;
    return odd;
}

// A minimal program's signature, and all platforms where it shows.
void Engine::settle(const Minimised& minimal, const Target& target) {
    if (judge_.platforms() > platforms_max || !signatures_.insert(signature_of(target)).second) return;
    if (minimal.program.ops.size() < short_ops) minimal_.push_back(minimal.program);
    judge_.start(minimal.program);
    for (const Shown& shown : shown_by(judge_))
        if (shown.label == target.label && shown.kind == target.kind && shown.rules == target.rules)
            settled_[sort_of(target.label, target.kind)].push_back({shown.rules, shown.platforms});
}

// A short minimal program's neighbourhood is worth going through, once for all that differ in their sizes alone.
void Engine::keep_parent(const Program& minimal, const Target& target) {
    constexpr uint8_t shapes_max = 8;  // of one signature
    if (minimal.ops.size() >= short_ops) return;
    Program shape = minimal;
    for (Op& op : shape.ops) {
        op.offset = op.size = 0;
        for (Entry& e : op.entries) e.offset = e.size = 0;
    }
    if (!shapes_.insert(mix(signature_of(target), hash_program(shape))).second) return;
    if (uint8_t& shapes = shapes_of_[signature_of(target)]; shapes == shapes_max) return;
    else shapes++;
    const uint32_t faults = static_cast<uint32_t>(std::popcount(target.rules)) + static_cast<uint32_t>(minimal.ops.size());
    parents_.push({minimal, faults, parent_count_++});
    // What overlaps, shares a line or ends within one takes more room than a minimal program leaves.
    for (Program& laid_out : other_layouts(minimal)) parents_.push({std::move(laid_out), faults, parent_count_++});
}

// Of the neighbourhoods of minimal programs, one after the other, shortest first; nothing where all are through.
bool Engine::next_neighbour(Program& program) {
    while (neighbours_.empty() && !parents_.empty()) {
        neighbours_ = neighbours(parents_.top().program, std::min<int>(ops_limit_, short_ops));
        parents_.pop();
    }
    if (neighbours_.empty()) return false;
    program = std::move(neighbours_.back());
    neighbours_.pop_back();
    return true;
}

// A short program is judged on the whole portfolio at once: it has few faults, so what it shows is mostly a cause of its
// own, and whether a warning is ever worth it no single platform can say.
void Engine::look_closely(const Program& program) {
    if (judge_.platforms() > platforms_max) return;
    for (const Shown& shown : shown_by(judge_)) {
        Target target{shown.label, shown.kind, 0, shown.rules};
        Tried& tried = tried_[signature_of(target)];
        if (tried.done || tried.times == enough || tried.waiting == waiting_max) continue;
        const PlatformSet odd = not_accounted_for(shown);
        const PlatformSet& candidates = odd.any() ? odd : shown.platforms;
        if ((candidates & ~tried.platforms).none()) tried.platforms.reset();
        target.platform = any_of(rng_, candidates & ~tried.platforms);
        tried.platforms.set(target.platform);
        // Faults that add up show as a signature of their own, which is no cause of its own. And the more often one has been
        // tried, the less another try promises.
        uint32_t faults = static_cast<uint32_t>(std::popcount(shown.rules)) * 8u + static_cast<uint32_t>(program.ops.size());
        if (odd.none()) faults += accounted_for;
        leads_.push({faults + 2u * tried.times, lead_count_++, program, target});
        tried.times++;
        tried.waiting++;
    }
}

// Drops the lines that the target does without; false where that takes a fault away. What is left then is looked at instead.
bool Engine::drop_lines(Program& program, const Target& target) {
    for (size_t line = 0; line < program.ops.size();) {
        Program rest = without_line(program, line);
        judge_.start(rest);
        if (rest.ops.empty() || !shows(judge_, target)) {
            line++;
            continue;
        }
        if (broken_rules(judge_.analyse(target.platform).run, judge_.platform(target.platform)) != target.rules) {
            look_closely(rest);
            return false;
        }
        program = std::move(rest);
        line = 0;
    }
    return true;
}

void Engine::follow_lead() {
    Lead lead = leads_.top();
    leads_.pop();
    stats_.followed++;
    auto start = Clock::now();
    Tried& tried = tried_[signature_of(lead.target)];  // references stay good, whatever is added
    tried.waiting--;
    if (tried.done) return;
    if (drop_lines(lead.program, lead.target)) {
        // With the sizes that it was found with, besides the minimal ones: more can come of them.
        if (lead.program.ops.size() < short_ops) short_ones_.push_back(lead.program);
        tried.done = report(lead.program, lead.target) == lead.target.rules;
    }
    following_ += std::chrono::duration<double>(Clock::now() - start).count();
}

// Judging a program on the whole portfolio and minimising cost far more than running it, so they get a
// share of the time; what waits is not lost.
void Engine::collect_waiting(bool all) {
    constexpr double share = 0.3;
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
    if (program.ops.size() <= short_ops) short_ones_.push_back(program);
    corpus_.push_back(program);
    waiting_.push_back(program);
    // Where the tracker itself goes wrong, the first case is more urgent than anything else.
    auto breakdown = [](const Known& k) { return k.label == Label::broken; };
    if (broken_ && std::none_of(known_.begin(), known_.end(), breakdown)) collect_newest();
}

bool Engine::add(const Program& program) {
    if (program.ops.empty()) return false;
    if (!evaluate(program)) return false;
    keep(program);
    return true;
}

Program Engine::child_of(const Program* parent) {
    // Two in eight go through the neighbourhoods of minimal programs, two or more are fresh, one grows out of a short one: most
    // causes are shallow, and where feedback has nothing to say, what owes nothing to the corpus is sooner there (reports/recall.md).
    const uint32_t sort = rng_.below(8);
    const int short_limit = std::min<int>(ops_limit_, short_ops);
    auto fresh = [&](int limit, bool even) { return random_program(rng_, 2 + static_cast<int>(rng_.below(static_cast<uint32_t>(limit - 1))), even); };
    if (sort <= 1)
        if (Program neighbour; next_neighbour(neighbour)) return neighbour;
    if (corpus_.empty() || sort <= 2) return fresh(short_limit, true);
    if (sort == 3) return fresh(ops_limit_, false);
    if (sort == 4 && !short_ones_.empty()) {
        // One in two grows out of a minimal program, of which there are few, with lines of another one.
        const std::vector<Program>& from = minimal_.empty() || rng_.one_in(2) ? short_ones_ : minimal_;
        const std::vector<Program>& with = minimal_.empty() ? short_ones_ : minimal_;
        return mutate(rng_, any_of(rng_, from), any_of(rng_, with), short_limit, true);
    }
    // The newest half of the time: what was novel last is where the frontier is.
    auto pick = [&]() -> const Program& {
        size_t n = corpus_.size();
        size_t back = rng_.one_in(2) ? rng_.below(static_cast<uint32_t>(std::min<size_t>(n, 64))) : rng_.below(static_cast<uint32_t>(n));
        return corpus_[n - 1 - back];
    };
    return mutate(rng_, parent ? *parent : pick(), pick(), ops_limit_);
}

// One child, judged; true if it is novel, and then it is kept.
bool Engine::try_child(const Program& child) {
    const bool novel = evaluate(child);
    if (child.ops.size() <= short_ops && (suspect_ || rng_.one_in(16))) look_closely(child);
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
