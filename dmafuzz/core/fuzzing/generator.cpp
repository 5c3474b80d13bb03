// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/generator.hpp"

#include <algorithm>

#include "check/check.hpp"
#include "fuzzing/mutate.hpp"

namespace dmafuzz {

namespace {

// Of so many operations the alphabet has a million programs: a minute or so.
constexpr int enumerated_ops = 4;

const Program& any_of(Rng& rng, const std::vector<Program>& programs) {
    return programs[rng.below(static_cast<uint32_t>(programs.size()))];
}

}  // namespace

Generator::Generator(Rng& rng, int ops_limit, uint32_t part, uint32_t parts)
    : rng_(rng), ops_limit_(ops_limit), enumeration_(std::min(ops_limit, enumerated_ops), part, parts) {}

void Generator::add(const Program& program) {
    DMAFUZZ_CHECK(!program.ops.empty());
    add_short(program);
    corpus_.push_back(program);
}

// Of so many, older ones make room: a run may take days.
void Generator::add_short(const Program& program) {
    constexpr size_t short_ones_max = 50'000;
    if (program.ops.size() > short_ops) return;
    if (short_ones_.size() < short_ones_max) short_ones_.push_back(program);
    else short_ones_[rng_.below(short_ones_max)] = program;
}

void Generator::add_minimal(const Program& minimal, const PlatformSignature& target) {
    DMAFUZZ_CHECK(!minimal.ops.empty());
    if (minimal.ops.size() >= short_ops) return;
    add_short(minimal);
    neighbourhoods_.add(minimal, target);
    if (signatures_.insert(signature_key(target)).second) minimal_.push_back(minimal);
}

Program Generator::fresh(int limit, bool even) {
    return random_program(rng_, 2 + static_cast<int>(rng_.below(static_cast<uint32_t>(limit - 1))), even);
}

// One in two grows out of a minimal program, of which there are few, with lines of another one.
Program Generator::grown() {
    const std::vector<Program>& from = minimal_.empty() || rng_.one_in(2) ? short_ones_ : minimal_;
    const std::vector<Program>& with = minimal_.empty() ? short_ones_ : minimal_;
    const Program &grown = any_of(rng_, from), &other = any_of(rng_, with);
    return mutate(rng_, grown, other, std::min<int>(ops_limit_, short_ops), true);
}

// The newest half of the time: what was novel last is where the frontier is.
const Program& Generator::pick() {
    const size_t n = corpus_.size();
    const size_t back = rng_.one_in(2) ? rng_.below(static_cast<uint32_t>(std::min<size_t>(n, 64)))
                                       : rng_.below(static_cast<uint32_t>(n));
    return corpus_[n - 1 - back];
}

Program Generator::next(const Program* parent) {
    // Of sixteen programs six are the next ones of the enumeration, as long as there are any. Of sixteen others four go
    // through the neighbourhoods of minimal ones, eight are fresh, two of these short, two grow out of short ones, two
    // are mutants of the corpus: most causes are shallow, and where feedback has nothing to say, what owes nothing to
    // the corpus is sooner there (reports/benchmark.md, reports/recall.md).
    constexpr uint32_t in_order = 6, near = 4, fresh_short = 6, fresh_long = 12, out_of_short = 14, all = 16;
    if (rng_.below(all) < in_order)
        if (Program following; enumeration_.next(rng_, following)) return following;
    const uint32_t sort = rng_.below(all);
    const int short_limit = std::min<int>(ops_limit_, short_ops);
    if (sort < near)
        if (Program neighbour; neighbourhoods_.next(neighbour, short_limit)) return neighbour;
    if (corpus_.empty() || sort < fresh_short) return fresh(short_limit, true);
    if (sort < fresh_long) return fresh(ops_limit_, false);
    if (sort < out_of_short && !short_ones_.empty()) return grown();
    const Program &changed = parent ? *parent : pick(), &other = pick();
    return mutate(rng_, changed, other, ops_limit_);
}

}  // namespace dmafuzz
