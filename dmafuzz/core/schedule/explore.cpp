// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/explore.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "schedule/state_key.hpp"

namespace dmafuzz {

namespace {

// After so many comparisons at least one in so many must have been worth it.
constexpr uint64_t patience = 200;
constexpr uint64_t patience_share = 16;

// A prefix that stands for `count` of them: the first by rank.
struct Prefix {
    Ranked first;
    uint64_t count = 1;
};

class Explorer {
public:
    Explorer(Judge& judge, const Threads& threads, const Lattice& lattice, const ExploreOptions& options)
        : judge_(judge), threads_(threads), lattice_(lattice), options_(options) {}

    Exploration run() {
        if (options_.merge_from) {
            merging();
        } else {
            Ranked beginning;
            one_by_one(lattice_.nodes()[0], beginning);
        }
        judge_written();
        return std::move(out_);
    }

private:
    // Every schedule by itself.
    void one_by_one(const Lattice::Node& node, Ranked& prefix) {
        if (!node.edge_count) return settle(prefix, 1);
        for (const Lattice::Edge* edge = lattice_.edges(node); edge != lattice_.edges(node) + node.edge_count; edge++) {
            const Lattice::Node& to = lattice_.nodes()[edge->to];
            if (!to.completions) continue;
            extend(prefix, *edge, to);
            one_by_one(to, prefix);
            prefix.order.pop_back();
            prefix.preemptions = node.preemptions;
            prefix.switches -= edge->switches;
            prefix.cut_calls -= edge->cuts_call;
        }
    }

    // Node by node, with prefixes of the same key taken for one.
    void merging() {
        std::vector<std::vector<Prefix>> waiting(lattice_.nodes().size());
        waiting[0].emplace_back();
        for (size_t i = 0; i < waiting.size(); i++) {
            const Lattice::Node& node = lattice_.nodes()[i];
            std::vector<Prefix> prefixes = std::move(waiting[i]);
            waiting[i] = {};
            if (worth_merging(node, prefixes.size())) merge(prefixes);
            if (!node.edge_count)
                for (const Prefix& prefix : prefixes) settle(prefix.first, prefix.count);
            for (const Lattice::Edge* edge = lattice_.edges(node); edge != lattice_.edges(node) + node.edge_count;
                 edge++) {
                const Lattice::Node& to = lattice_.nodes()[edge->to];
                if (!to.completions) continue;
                for (const Prefix& prefix : prefixes) {
                    waiting[edge->to].push_back(prefix);
                    extend(waiting[edge->to].back().first, *edge, to);
                }
            }
        }
    }

    static void extend(Ranked& prefix, const Lattice::Edge& edge, const Lattice::Node& to) {
        prefix.order.push_back(edge.thread);
        prefix.preemptions = to.preemptions;
        prefix.switches += edge.switches;
        prefix.cut_calls += edge.cuts_call;
    }

    // In the middle of a call two states cannot be compared: what follows may make it a whole one. Where next to
    // nothing has turned out to be the same, nothing is asked any more.
    bool worth_merging(const Lattice::Node& node, size_t prefixes) const {
        if (node.ways_in < 2 || prefixes < 2 || node.completions < options_.merge_from) return false;
        if (options_.merge_from > 1 && compared_ >= patience && merged_ * patience_share < compared_) return false;
        return !threads_.inside_call(node.at, node.running);
    }

    void merge(std::vector<Prefix>& prefixes) {
        std::unordered_map<Digest, size_t, DigestHash> known;
        std::vector<Prefix> merged;
        for (Prefix& prefix : prefixes) {
            Digest key;
            const Order& order = prefix.first.order;
            bool has_key = state_key(judge_, threads_.program(order), threads_.names(order), key);
            size_t at = has_key ? known.try_emplace(key, merged.size()).first->second : merged.size();
            if (at == merged.size()) {
                merged.push_back(std::move(prefix));
                continue;
            }
            // What is first among prefixes stays first with whatever follows both.
            merged[at].count += prefix.count;
            if (prefix.first < merged[at].first) merged[at].first = std::move(prefix.first);
        }
        compared_ += prefixes.size();
        merged_ += prefixes.size() - merged.size();
        prefixes = std::move(merged);
    }

    std::set<Sight> seen(const Order& order) {
        judge_.start(threads_.program(order));
        std::set<Sight> sights;
        for (size_t platform : options_.platforms)
            for (const PlatformSignature& t : signatures_on(judge_, platform))
                for (int where : {Sight::any, static_cast<int>(platform)})
                    for (int kind : {Sight::any, static_cast<int>(t.kind)}) sights.insert({where, t.label, kind});
        return sights;
    }

    void settle(const Ranked& schedule, uint64_t count) {
        std::set<Sight> sights = seen(schedule.order);
        for (const Sight& sight : sights) counts(sight).shown[static_cast<size_t>(schedule.preemptions)] += count;
        compare(schedule, sights);
        out_.judged++;
        settled_ += count;
        if (options_.progress) options_.progress(settled_);
    }

    void judge_written() {
        out_.written.order = threads_.written();
        for (const Switch& s : switches(threads_, threads_.written())) {
            out_.written.preemptions += s.preempts;
            out_.written.switches++;
            out_.written.cut_calls += s.inside_call;
        }
        std::set<Sight> sights = seen(out_.written.order);
        for (const Sight& sight : sights) counts(sight).written = true;
        compare(out_.written, sights);
    }

    // A sight that is new has not shown in any schedule before.
    SightCounts& counts(const Sight& sight) {
        auto [found, is_new] = out_.counts_by_sight.try_emplace(sight);
        if (is_new) {
            found->second.shown.assign(lattice_.schedules().size(), 0);
            found->second.without = first_;
        }
        return found->second;
    }

    void compare(const Ranked& schedule, const std::set<Sight>& sights) {
        auto keep_first = [&](std::optional<Ranked>& known) {
            if (!known || schedule < *known) known = schedule;
        };
        for (auto& [sight, counts] : out_.counts_by_sight)
            keep_first(sights.contains(sight) ? counts.with : counts.without);
        keep_first(first_);
    }

    Judge& judge_;
    const Threads& threads_;
    const Lattice& lattice_;
    const ExploreOptions& options_;
    std::optional<Ranked> first_;  // of all schedules so far
    uint64_t settled_ = 0;
    uint64_t compared_ = 0, merged_ = 0;  // prefixes
    Exploration out_;
};

}  // namespace

Exploration explore(Judge& judge, const Threads& threads, const Lattice& lattice, const ExploreOptions& options) {
    return Explorer(judge, threads, lattice, options).run();
}

std::vector<Switch> switches(const Threads& threads, const Order& order) {
    std::vector<Switch> all;
    Scope scope;
    Positions at = 0;
    int line = 0;
    for (size_t i = 0; i < order.size(); i++) {
        const Op& step = threads.next(at, order[i]);
        const bool goes_on = i && order[i] == order[i - 1];
        if (i && !goes_on) {
            const bool preempts = threads.possible(scope, at) >> order[i - 1] & 1;
            all.push_back({line, order[i - 1], order[i], preempts, threads.inside_call(at, order[i - 1])});
        }
        line += !(goes_on && step.kind == OpKind::finish);
        scope.apply(step);
        at = advanced(at, order[i]);
    }
    return all;
}

}  // namespace dmafuzz
