// SPDX-License-Identifier: GPL-2.0-only
#include <cstring>

#include "tests/test.hpp"

namespace dmafuzz::tests {

namespace {

int failures = 0;

}  // namespace

std::vector<Test>& all() {
    static std::vector<Test> tests;
    return tests;
}

void failed(const char* what, const char* file, int line) {
    // The first ones tell; a property that does not hold fails a thousand times.
    constexpr int shown_max = 20;
    if (failures++ < shown_max) std::fprintf(stderr, "%s:%d: expected %s\n", file, line, what);
}

}  // namespace dmafuzz::tests

// core_tests [PART]: all tests, or those whose name has that part. Status 1 where one fails, 2 where none has it.
int main(int count, char** arguments) {
    using namespace dmafuzz::tests;
    int run = 0, bad = 0;
    for (const Test& test : all()) {
        if (count > 1 && !std::strstr(test.name, arguments[1])) continue;
        const int before = failures;
        test.run();
        run++;
        bad += failures > before;
        std::printf("%s %s\n", failures > before ? "FAILED" : "ok    ", test.name);
        std::fflush(stdout);
    }
    std::printf("%d tests, %d failed\n", run, bad);
    return run == 0 ? 2 : bad != 0;
}
