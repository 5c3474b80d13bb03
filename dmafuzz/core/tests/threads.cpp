// SPDX-License-Identifier: GPL-2.0-only
// The exhaustive search's threads: parts of one walk, each with an expander of its own, come to what one thread comes
// to.
#include <thread>

#include "exhaustive/expander.hpp"
#include "tests/machines.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

Walk walked(int length) {
    Walk walk("6.12", tests::machines(), 1, 2);
    for (int i = 0; i < length; i++) {
        Expander expander(walk);
        expander.extend(walk, 0, walk.last().size());
        walk.turn();
    }
    return walk;
}

uint64_t shown(const std::vector<Harvest>& parts) {
    uint64_t count = 0;
    for (const Harvest& part : parts)
        for (const Cause& cause : part.causes) count += cause.count;
    return count;
}

uint64_t programs(const std::vector<Harvest>& parts) {
    uint64_t count = 0;
    for (const Harvest& part : parts) count += part.programs;
    return count;
}

// Two operations on, part by part, by so many threads; what the second one shows.
std::vector<Harvest> follow(const Walk& walk, size_t parts, size_t threads) {
    std::vector<Harvest> found(parts);
    const size_t size = walk.last().size();
    auto work = [&](size_t first) {
        for (size_t part = first; part < parts; part += threads) {
            Walk inner(walk, part * size / parts, (part + 1) * size / parts);
            Expander(inner).extend(inner, 0, inner.last().size());
            inner.turn();
            Expander expander(inner);
            expander.survey(0, inner.last().size());
            found[part] = expander.harvest();
        }
    };
    std::vector<std::thread> running;
    for (size_t thread = 0; thread < threads; thread++) running.emplace_back(work, thread);
    for (std::thread& thread : running) thread.join();
    return found;
}

}  // namespace

TEST(threads_of_the_exhaustive_search_come_to_what_one_comes_to) {
    const Walk walk = walked(1);
    const std::vector<Harvest> alone = follow(walk, 1, 1), together = follow(walk, 5, 4);
    EXPECT(programs(alone) > 1000 && shown(alone) > 100);
    EXPECT(programs(alone) == programs(together));
    EXPECT(shown(alone) == shown(together));
}

}  // namespace dmafuzz
