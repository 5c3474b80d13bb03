// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/engine.hpp"

#include <utility>

#include "fuzzing/hash.hpp"

namespace dmafuzz {

using Clock = std::chrono::steady_clock;
using Work = TimeShares::Work;

Engine::Engine(const std::string& tracker, std::vector<Platform> portfolio, uint64_t seed, int ops_limit,
               bool repeatable, uint32_t part, uint32_t parts)
    : judge_(tracker, std::move(portfolio)),
      repeatable_(repeatable),
      rng_(seed),
      evaluator_(judge_, observer_),
      generator_(rng_, ops_limit, part, parts),
      reporter_(judge_, generator_, observer_),
      triage_(judge_, rng_, reporter_, observer_),
      candidates_(judge_, rng_, reporter_, generator_),
      time_(judge_, repeatable) {}

bool Engine::add(const Program& program) {
    judged_.add(program);
    if (program.ops.empty() || !evaluator_.evaluate(program)) return false;
    keep(program);
    return true;
}

void Engine::keep(const Program& program) {
    novel_programs_++;
    generator_.add(program);
    triage_.add(program);
    // Where the tracker itself goes wrong, the first case is more urgent than anything else.
    if (evaluator_.broken() && !reporter_.known().any(Label::broken)) take_newest();
}

void Engine::take_newest() {
    time_.spend(Work::triage, [&] { triage_.take_newest(); });
}

// While programs are being run; at the end, novel programs that wait are judged, and leads are not followed any more.
void Engine::work_off_some() {
    while (!(triage_.empty() && candidates_.empty()) && time_.left_for_the_rest(candidates_.size())) {
        if (triage_.empty() || (!candidates_.empty() && time_.leads_turn()))
            time_.spend(Work::candidates, [&] { candidates_.follow(); });
        else take_newest();
    }
}

// What has been judged says nothing new, under whatever names. Where hardly anything else comes, as among programs of
// two operations, it is judged all the same: a run of so many programs has to end.
bool Engine::is_new(const Program& child) {
    constexpr uint32_t patience = 256;
    if (judged_.add(child) || ++repeated_in_a_row_ == patience) {
        repeated_in_a_row_ = 0;
        return true;
    }
    repeated_++;
    return false;
}

// One child, judged; true if it is novel, and then it is kept.
bool Engine::try_child(const Program& child) {
    if (!is_new(child)) return false;
    const bool novel = evaluator_.evaluate(child);
    if (child.ops.size() <= short_ops) candidates_.look_at(child, platform_of(child, judge_.platforms()));
    if (!novel) return false;
    keep(child);
    novel_.push_back(child);
    return true;
}

int Engine::burst(int children, int milliseconds) {
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    double since = time_.now();
    int novel = 0;
    constexpr int between_looks = 32;  // at the clock
    for (int i = 0; i < children; i++) {
        novel += try_child(generator_.next(nullptr));
        if (i % between_looks != between_looks - 1) continue;
        time_.spent(Work::running, since);
        work_off_some();
        if (!repeatable_ && Clock::now() >= end) break;
        since = time_.now();
    }
    return novel;
}

std::vector<Program> Engine::take_novel() { return std::exchange(novel_, {}); }

Program Engine::novel_child(const Program& parent, int children, int milliseconds, uint64_t seed) {
    rng_ = Rng(rng_.next() ^ seed);
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    const double since = time_.now();
    Program child = parent, chosen = parent;
    bool found = false;
    for (int i = 0; i < children; i++) {
        if (i % 32 == 31 && Clock::now() >= end) break;
        // libFuzzer's choice of parent now and then, our own else: it knows only what it has run itself.
        child = generator_.next(i % 8 == 0 && !parent.ops.empty() ? &parent : nullptr);
        if (try_child(child)) {
            chosen = child;
            found = true;
        }
    }
    time_.spent(Work::running, since);
    work_off_some();
    return found ? chosen : child;
}

std::vector<Finding> Engine::take_findings(bool finish) {
    while (finish && !triage_.empty()) take_newest();
    return reporter_.take_findings();
}

EngineStats Engine::stats() const {
    EngineStats s;
    s.programs = evaluator_.programs();
    s.operations = evaluator_.operations();
    s.repeated = repeated_;
    s.novel = novel_programs_;
    s.minimized = reporter_.minimized();
    s.corpus = generator_.corpus();
    s.coverage = evaluator_.coverage().seen();
    s.waiting = triage_.size();
    s.candidates = candidates_.size();
    s.followed = candidates_.followed();
    s.automaton = Automaton::shared().stats();
    return s;
}

}  // namespace dmafuzz
