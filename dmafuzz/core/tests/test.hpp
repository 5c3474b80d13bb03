// SPDX-License-Identifier: GPL-2.0-only
// Tests of the core by itself: a test is a function, an expectation that fails is printed and counted.
#pragma once

#include <cstdio>
#include <vector>

namespace dmafuzz::tests {

struct Test {
    const char* name;
    void (*run)();
};
std::vector<Test>& all();
void failed(const char* what, const char* file, int line);

struct Registered {
    Registered(const char* name, void (*run)()) { all().push_back({name, run}); }
};

}  // namespace dmafuzz::tests

#define TEST(name)                                                          \
    static void name();                                                     \
    static const dmafuzz::tests::Registered name##_registered(#name, name); \
    static void name()

#define EXPECT(...) ((__VA_ARGS__) ? void() : dmafuzz::tests::failed(#__VA_ARGS__, __FILE__, __LINE__))
