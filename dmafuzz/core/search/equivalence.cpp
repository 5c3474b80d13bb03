#include "search/equivalence.hpp"

#include "machine/machine.hpp"
#include "search/mutate.hpp"

namespace dmafuzz {

namespace {

class Comparer {
  public:
    Comparer(Tracker& a, Tracker& b) : a_(a), b_(b) {}

    // Do they warn alike: the same ids at the same operations, in the same order?
    bool alike(const Program& program, const Platform& platform, uint64_t* warnings = nullptr) {
        machine_.carry_out(program, platform, run_);
        a_.watch(run_.hooks, platform, of_a_, nullptr);
        b_.watch(run_.hooks, platform, of_b_, nullptr);
        if (warnings) *warnings += of_a_.warnings.size();
        if (of_a_.warnings.size() != of_b_.warnings.size()) return false;
        for (size_t i = 0; i < of_a_.warnings.size(); i++)
            if (of_a_.warnings[i].id != of_b_.warnings[i].id || of_a_.warnings[i].op != of_b_.warnings[i].op) return false;
        return true;
    }

    // Takes operations away as long as they differ.
    Program shorten(Program program, const Platform& platform) {
        for (size_t i = program.ops.size(); i-- > 0;) {
            Program shorter = program;
            shorter.ops.erase(shorter.ops.begin() + static_cast<std::ptrdiff_t>(i));
            if (check(shorter) || alike(shorter, platform)) continue;
            program = shorter;
            i = program.ops.size();
        }
        return program;
    }

  private:
    Tracker& a_;
    Tracker& b_;
    Machine machine_;
    Run run_;
    Watch of_a_, of_b_;
};

}  // namespace

Comparison compare(Tracker& a, Tracker& b, const std::vector<Platform>& platforms, uint64_t programs, uint64_t seed,
                   int ops_max_each, size_t differences_max) {
    Comparison result;
    Comparer comparer(a, b);
    Rng rng(seed);
    // A kernel's own code is booted anew for another platform: stay with one for a while.
    constexpr uint64_t programs_per_platform = 1000;
    for (uint64_t i = 0; i < programs && result.differences.size() < differences_max; i++) {
        size_t platform = i / programs_per_platform % platforms.size();
        Program program = random_program(rng, 1 + static_cast<int>(rng.below(static_cast<uint32_t>(ops_max_each))));
        result.programs++;
        if (comparer.alike(program, platforms[platform], &result.warnings)) continue;
        result.differences.push_back({comparer.shorten(program, platforms[platform]), platform});
    }
    return result;
}

}  // namespace dmafuzz
