// SPDX-License-Identifier: GPL-2.0-only
#include "review/pair.hpp"

#include <algorithm>

#include "fuzzing/hash.hpp"
#include "fuzzing/minimize.hpp"

namespace dmafuzz {

namespace {

// The paths of the second tracker, apart from those of the first.
class Apart final : public PathSink {
public:
    explicit Apart(Coverage* to) : to_(to) {}
    void path(uint64_t hash) override { to_->mark(mix(hash, 2)); }

private:
    Coverage* to_;
};

bool same(const Warning& a, const Warning& b) {
    return a.id == b.id && a.call == b.call && a.mappings == b.mappings && a.entry_op == b.entry_op &&
           a.line == b.line && a.line_bytes == b.line_bytes;
}

uint64_t mark_of(const Warning& w, const Run& run) {
    return static_cast<uint64_t>(w.id) << 8 | static_cast<uint64_t>(run.ops[w.op].kind) << 16 | 1;
}

}  // namespace

PairJudge::PairJudge(const std::string& first, const std::string& second, std::vector<Platform> portfolio)
    : first_(first, portfolio), second_(second, std::move(portfolio)) {
    second_.take_runs_from(first_);
}

void PairJudge::start(const Program& program) {
    first_.start(program);
    second_.start(program);
}

bool PairJudge::warn_alike(size_t platform, Coverage* marks) {
    Apart of_second(marks);
    const Analysis& one = first_.analyse(platform, marks, marks);
    const Analysis& other = second_.analyse(platform, nullptr, marks ? &of_second : nullptr);
    const std::vector<Warning>&a = one.watch.warnings, &b = other.watch.warnings;
    const auto [here, there] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(), same);
    if (here == a.end() && there == b.end()) return true;
    if (marks)
        marks->mark(
            mix(here == a.end() ? 0 : mark_of(*here, one.run), there == b.end() ? 0 : mark_of(*there, other.run)));
    return false;
}

std::vector<PlatformChange> PairJudge::changes(size_t platform) {
    if (warn_alike(platform)) return {};
    std::vector<PlatformChange> out;
    for (const Change& change : changes_between(first_, second_, platform))
        out.push_back({change, platform, first_.rules(platform)});
    return out;
}

// Does the started program show it, or the same for another reason with fewer rules broken? It becomes what is shown.
bool PairJudge::find(PlatformChange& wanted) {
    const std::vector<PlatformChange> shown = changes(wanted.platform);
    if (shown.empty() || (shown[0].rules & ~wanted.rules)) return false;
    const PlatformChange* other = nullptr;
    for (const PlatformChange& c : shown) {
        const Shown &here = c.change.shown, &there = wanted.change.shown;
        if (c.change.gained != wanted.change.gained || here.label != there.label || here.kind != there.kind) continue;
        if (here.reason == there.reason) {
            wanted = c;
            return true;
        }
        if (!other) other = &c;
    }
    if (!other || shown[0].rules == wanted.rules) return false;
    wanted = *other;
    return true;
}

MinimalChange PairJudge::minimize(const Program& program, PlatformChange change) {
    MinimalChange out{change, program, 0};
    for (bool settled = false; !settled;) {
        const PlatformChange wanted = out.change;
        out.program = dmafuzz::minimize(out.program, [&](const Program& candidate) {
            out.tried++;
            start(candidate);
            PlatformChange found = wanted;
            return find(found);
        });
        start(out.program);
        out.change = wanted;
        find(out.change);
        // With fewer rules allowed, or for another reason, it may become smaller still, or not.
        settled = out.change.rules == wanted.rules && out.change.change == wanted.change;
    }
    return out;
}

}  // namespace dmafuzz
