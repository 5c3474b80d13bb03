// SPDX-License-Identifier: GPL-2.0-only
// Random programs through everything that judges: what it says is consistent, and nothing else of the program is
// touched.
#include "fuzzing/engine.hpp"
#include "fuzzing/mutate.hpp"
#include "judge/judge.hpp"
#include "program/scope.hpp"
#include "tests/machines.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

void expect_consistent(Judge& judge, size_t platform) {
    const Analysis& a = judge.judge(platform);
    EXPECT(a.warnings.size() == a.watch.warnings.size());
    const bool silent = a.watch.warnings.empty();
    EXPECT(!(silent && a.labels & (bit(Label::fp) | bit(Label::hazard) | bit(Label::bookkeeping))));
    EXPECT(((a.labels & bit(Label::tn)) != 0) == (silent && a.corruptions.empty()) || a.labels & bit(Label::broken));
    bool lost = false;
    for (const Corruption& c : a.corruptions) {
        lost |= !c.explained;
        if (!c.explained) EXPECT(judge.reason(platform, c) != Reason::none);
    }
    EXPECT(((a.labels & bit(Label::fn)) != 0) == lost);
    EXPECT(judge.prints(a).size() == a.warnings.size());
}

}  // namespace

TEST(judging_says_what_is_consistent_whatever_the_tracker) {
    constexpr int programs = 400;
    for (const TrackerFacts& facts : trackers()) {
        Judge judge(facts.name, tests::machines());
        Rng rng(10);
        for (int round = 0; round < programs; round++) {
            judge.start(random_program(rng, 1 + static_cast<int>(rng.below(20)), round % 2));
            for (size_t platform = 0; platform < judge.platforms(); platform++) expect_consistent(judge, platform);
        }
    }
}

// Another judge has judged nothing that begins alike.
TEST(judging_goes_on_from_a_beginning_as_from_the_start) {
    Judge going_on("6.12", tests::machines()), afresh("6.12", tests::machines());
    Rng rng(12);
    int judged = 0;
    for (int round = 0; round < 300; round++) {
        if (round == 150)
            for (Judge* judge : {&going_on, &afresh}) judge->keep_states();
        Program program = random_program(rng, 2 + static_cast<int>(rng.below(12)));
        for (int end = 0; end < 40; end++) {
            program.ops.back() = random_program(rng, 8).ops.back();
            if (check(program)) continue;
            judged++;
            going_on.start(program);
            afresh.start({});
            afresh.start(program);
            const std::vector<uint8_t> names(program.ops.size(), Judge::no_name);
            for (size_t platform = 0; platform < afresh.platforms(); platform++) {
                const Analysis &a = going_on.judge(platform), &b = afresh.judge(platform);
                EXPECT(a.run.hooks == b.run.hooks && a.run.steps == b.run.steps && a.run.pieces == b.run.pieces);
                EXPECT(a.corruptions == b.corruptions && a.harms == b.harms && a.labels == b.labels);
                EXPECT(round < 150 || going_on.state(platform, names) == afresh.state(platform, names));
                EXPECT(going_on.rules(platform) == afresh.rules(platform));
                EXPECT(going_on.outcome(platform, names) == afresh.outcome(platform, names));
            }
        }
    }
    EXPECT(judged > 1000);
}

TEST(judging_engine_finds_what_shows_again) {
    Engine engine("6.12", tests::machines(), 11, 14);
    for (int i = 0; i < 40; i++) engine.burst(200, 60'000);
    const std::vector<Finding> findings = engine.take_findings(true);
    EXPECT(engine.stats().programs + engine.stats().repeated >= 8000 && findings.size() > 20);
    Judge afresh("6.12", tests::machines());
    for (const Finding& finding : findings) {
        afresh.start(finding.program);
        EXPECT(shows(afresh, finding.target));
    }
}

}  // namespace dmafuzz
