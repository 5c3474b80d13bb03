// SPDX-License-Identifier: GPL-2.0-only
// What goes wrong in a kernel's own code is a finding and no end of the fuzzer: invalid memory accesses, failed checks
// of the compiler, and calls that do not return.
#pragma once

#include <cstdint>

namespace dmafuzz {

// A library at work, as far as signals need it.
struct Runner {
    void (*abort)(int id);   // leaves the library by a jump
    uint64_t (*progress)();  // grows from call to call
};

// While it lives, what goes wrong in this thread is the library's. A call that lasts for more than `patience`
// hundredths of a second, of the thread's own time, hangs. While its stack grows it does not: that ends by itself, in a
// crash.
class RunGuard {
public:
    RunGuard(const Runner& runner, int patience);
    ~RunGuard();
    RunGuard(const RunGuard&) = delete;
    RunGuard& operator=(const RunGuard&) = delete;
};

// Takes the signals, unless they are ours already: others may have taken them since.
void catch_kernel_faults();

}  // namespace dmafuzz
