#include "judge/judge.hpp"

#include <algorithm>
#include <stdexcept>

#include "judge/twins.hpp"

namespace dmafuzz {

const char* name_of(Label label) {
    static constexpr std::array<const char*, static_cast<size_t>(Label::count_)> names{"TN", "TP", "FN", "FP", "hazard", "bookkeeping", "broken"};
    return names[static_cast<size_t>(label)];
}

Judge::Judge(const std::string& tracker, std::vector<Platform> portfolio) : Judge(make_tracker(tracker), std::move(portfolio)) {
    if (!tracker_) throw std::invalid_argument("no tracker of that name: " + tracker);
}

Judge::Judge(std::unique_ptr<Tracker> tracker, std::vector<Platform> portfolio)
    : tracker_(std::move(tracker)), platforms_(std::move(portfolio)), analyses_(platforms_.size()), done_(platforms_.size()) {
    for (const Platform& a : platforms_)
        for (const Platform& b : platforms_) {
            tracker_twins_.push_back(same_to_trackers(a, b));
            simulator_twins_.push_back(same_to_simulator(a, b));
        }
}

void Judge::start(const Program& program) {
    program_ = program;
    std::fill(done_.begin(), done_.end(), false);
    order_.clear();
}

bool Judge::take_over_watch(size_t i) {
    for (size_t known : order_) {
        if (!tracker_twins_[i * platforms_.size() + known] || !same_hooks(analyses_[known].run, analyses_[i].run)) continue;
        analyses_[i].watch = analyses_[known].watch;
        return true;
    }
    return false;
}

bool Judge::take_over_simulation(size_t i) {
    Analysis& a = analyses_[i];
    for (size_t known : order_) {
        const Analysis& twin = analyses_[known];
        if (!simulator_twins_[i * platforms_.size() + known] || !same_memory(twin.run, a.run)) continue;
        a.corruptions = twin.corruptions;
        a.harms.assign(twin.harms.begin(), twin.harms.begin() + static_cast<std::ptrdiff_t>(twin.simulated_harms));
        return true;
    }
    return false;
}

// Feedback is of this platform: where it is asked for, nothing is taken over.
void Judge::watch(size_t i, PathSink* paths) {
    if (paths || !take_over_watch(i)) tracker_->watch(analyses_[i].run.hooks, platforms_[i], analyses_[i].watch, paths);
}

void Judge::simulate(size_t i, TransitionSink* transitions) {
    if (!transitions && take_over_simulation(i)) return;
    simulator_.simulate(analyses_[i].run, platforms_[i], transitions);
    analyses_[i].corruptions = simulator_.corruptions();
    analyses_[i].harms = simulator_.harms();
}

const Analysis& Judge::analyse(size_t i, TransitionSink* transitions, PathSink* paths) {
    Analysis& a = analyses_[i];
    if (done_[i]) return a;
    done_[i] = true;
    machine_.carry_out(program_, platforms_[i], a.run);
    watch(i, paths);
    simulate(i, transitions);
    a.simulated_harms = a.harms.size();
    add_leaks(a);
    order_.push_back(i);
    a.warnings.clear();
    a.labels = 0;
    a.covered = false;
    return a;
}

std::optional<Cost> Judge::cost(size_t i) {
    std::vector<HookCall> calls;
    for (const HookCall& call : analyse(i).run.hooks)
        if (call.kind != HookKind::unbind) calls.push_back(call);
    Watch watch;
    Cost cost;
    tracker_->watch(calls, platforms_[i], watch, nullptr);
    return tracker_->cost(cost) ? std::optional(cost) : std::nullopt;
}

void Judge::retrace(size_t i, std::vector<Trace>& traces, Simulator& simulator) {
    simulator.simulate_explicitly(analyse(i).run, platforms_[i], nullptr, &traces);
}

// A leak: forgotten, or ended by a call so wrong that the tracker still has the entry.
void Judge::add_leaks(Analysis& a) const {
    uint32_t known = 0;
    for (const LeakSuspect& suspect : a.run.leaks) {
        uint32_t mapping = 1u << suspect.mapping;
        bool has_entry = std::any_of(a.watch.left.begin(), a.watch.left.end(),
                                     [&](const Left& l) { return l.op == suspect.op && l.mappings & mapping; });
        if (known & mapping || (suspect.needs_entry && !has_entry)) continue;
        known |= mapping;
        a.harms.push_back({HarmKind::leak, suspect.op, suspect.mapping});
    }
}

// A warning and a piece of memory belong together when they share a mapping or a hardware cache line.
// The warning's side is named by the program (operation, mappings), so that it can be asked on any platform.
bool Judge::covers(const Warning& w, const Analysis& where, uint64_t phys, uint64_t bytes, uint64_t mappings, int line) const {
    if (w.mappings & mappings) return true;
    const uint64_t mask = ~(static_cast<uint64_t>(line) - 1);
    uint64_t first = phys & mask, last = (phys + bytes - 1) & mask;
    auto meets = [&](uint64_t at, uint64_t size) { return size && (at & mask) <= last && ((at + size - 1) & mask) >= first; };
    for (const Piece& p : where.run.pieces)
        if (w.mappings >> p.mapping & 1 && meets(p.phys, static_cast<uint64_t>(p.size) * granule_bytes)) return true;
    // The tidy-up's operations differ between platforms; its calls concern their mappings only.
    if (w.op >= where.run.program_ops) return false;
    for (const Touch& t : where.run.touches)
        if (t.op == w.op && meets(t.phys, t.size)) return true;
    return false;
}

bool Judge::covers_corruption(const Warning& w, size_t platform) {
    const Analysis& a = analyse(platform);
    for (const Corruption& c : a.corruptions)
        if (covers(w, a, c.phys, static_cast<uint64_t>(c.span.size) * granule_bytes, c.mappings, platforms_[platform].line)) return true;
    return false;
}

bool Judge::covers_harm(const Warning& w, size_t platform) {
    const Analysis& a = analyse(platform);
    for (const Harm& h : a.harms) {
        if (h.kind == HarmKind::exposure) continue;  // permitted, if ugly: it justifies no warning
        if (w.mappings >> h.mapping & 1) return true;
        for (const Piece& p : a.run.pieces)
            if (p.mapping == h.mapping && covers(w, a, p.phys, static_cast<uint64_t>(p.size) * granule_bytes, 0, platforms_[platform].line))
                return true;
    }
    return false;
}

const Analysis& Judge::cover(size_t platform, TransitionSink* transitions, PathSink* paths) {
    analyse(platform, transitions, paths);
    Analysis& a = analyses_[platform];
    if (a.covered) return a;
    a.covered = true;
    a.justified_here.assign(a.watch.warnings.size(), false);
    for (Corruption& c : a.corruptions) {
        c.explained = false;
        for (size_t i = 0; i < a.watch.warnings.size(); i++) {
            if (is_breakdown(a.watch.warnings[i].id)) continue;
            if (!covers(a.watch.warnings[i], a, c.phys, static_cast<uint64_t>(c.span.size) * granule_bytes, c.mappings, platforms_[platform].line))
                continue;
            c.explained = true;
            a.justified_here[i] = true;
        }
    }
    return a;
}

// Of a warning that nothing justifies here.
Worth Judge::worth_elsewhere(const Warning& w, size_t platform, uint8_t& elsewhere) {
    for (size_t i = 0; i < platforms_.size(); i++) {
        if (i == platform || !covers_corruption(w, i)) continue;
        elsewhere = static_cast<uint8_t>(i);
        return Worth::hazard;
    }
    for (size_t k = 0; k < platforms_.size(); k++)
        if (covers_harm(w, (platform + k) % platforms_.size())) return Worth::bookkeeping;
    return Worth::false_positive;
}

const Analysis& Judge::judge(size_t platform) {
    cover(platform);
    Analysis& a = analyses_[platform];
    if (a.labels) return a;
    bool all_justified = true;
    a.warnings.clear();
    for (size_t i = 0; i < a.watch.warnings.size(); i++) {
        JudgedWarning judged{a.watch.warnings[i]};
        if (is_breakdown(judged.warning.id)) {
            judged.worth = Worth::breakdown;
            a.warnings.push_back(judged);
            continue;
        }
        judged.worth = a.justified_here[i] ? Worth::justified : worth_elsewhere(judged.warning, platform, judged.platform);
        a.warnings.push_back(judged);
        all_justified &= judged.worth == Worth::justified || judged.worth == Worth::bookkeeping;
        if (judged.worth == Worth::hazard) a.labels |= bit(Label::hazard);
        if (judged.worth == Worth::bookkeeping) a.labels |= bit(Label::bookkeeping);
        if (judged.worth == Worth::false_positive) a.labels |= bit(Label::fp);
    }
    if (a.broken()) {
        a.labels = bit(Label::broken);
        return a;
    }
    bool silent_loss = std::any_of(a.corruptions.begin(), a.corruptions.end(), [](const Corruption& c) { return !c.explained; });
    if (silent_loss) a.labels |= bit(Label::fn);
    if (!silent_loss && !a.corruptions.empty() && all_justified) a.labels |= bit(Label::tp);
    if (a.corruptions.empty() && a.watch.warnings.empty()) a.labels |= bit(Label::tn);
    // Where every corruption is explained but not every warning is worth it, the labels of the warnings say so.
    return a;
}

}  // namespace dmafuzz
