// SPDX-License-Identifier: GPL-2.0-only
// What must hold of whatever goes from one room of the core to another: who gives an index, a count or something that
// is not empty checks it, and so does who takes it, so that a fault shows where it is made and not where it comes out.
// On in builds for tests and sanitizers (CMake: DMAFUZZ_CHECKS); else nothing is evaluated.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace dmafuzz {

[[noreturn, gnu::cold, gnu::noinline]] inline void check_failed(const char* what, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    std::abort();
}

}  // namespace dmafuzz

#ifdef DMAFUZZ_CHECKS
#define DMAFUZZ_CHECK(...) ((__VA_ARGS__) ? void() : dmafuzz::check_failed(#__VA_ARGS__, __FILE__, __LINE__))
#else
#define DMAFUZZ_CHECK(...) void(sizeof(!(__VA_ARGS__)))
#endif
