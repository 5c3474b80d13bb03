// SPDX-License-Identifier: GPL-2.0-only
// The core under AFL++ in persistent mode: bytes are records of a program, which is judged.
#include <unistd.h>

#include "program/scope.hpp"
#include "setup.hpp"

__AFL_FUZZ_INIT();

int main() {
    using namespace dmafuzz;
    Setup todo = setup();
    CauseProbe cause_probe(todo.causes, board_path(), asides());
    Subject subject(todo.tracker, todo.platforms, cause_probe);
    __AFL_INIT();
    const unsigned char* data = __AFL_FUZZ_TESTCASE_BUF;
    // The process is replaced now and then all the same, as AFL++ advises; the board outlives it.
    while (__AFL_LOOP(100'000)) subject.run(decode(data, static_cast<size_t>(__AFL_FUZZ_TESTCASE_LEN)));
}
