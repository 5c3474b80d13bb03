// SPDX-License-Identifier: GPL-2.0-only
// The core under libFuzzer: bytes are records of a program, which is judged. Edge coverage by clang and libFuzzer's own
// mutations; with DMAFUZZ_STATE_MAP in the environment the core's map of states as counters besides.
#include <cstdlib>
#include <memory>

#include "fuzzing/engine.hpp"
#include "program/scope.hpp"
#include "setup.hpp"

extern "C" void __sanitizer_cov_8bit_counters_init(uint8_t* begin, uint8_t* end);
extern "C" void __sanitizer_cov_pcs_init(const uintptr_t* begin, const uintptr_t* end);

namespace dmafuzz {

namespace {

// A program counter and its flags for each cell; made up, but distinct.
std::array<uintptr_t, 2 * coverage_cells> pcs;

std::unique_ptr<CauseProbe> cause_probe;
std::unique_ptr<Subject> subject;  // without the map
std::unique_ptr<Engine> engine;    // with it

void register_map(CoverageMap& map) {
    for (size_t i = 0; i < coverage_cells; i++) pcs[2 * i] = reinterpret_cast<uintptr_t>(map.cells.data()) + i;
    __sanitizer_cov_8bit_counters_init(map.cells.data(), map.cells.data() + map.cells.size());
    __sanitizer_cov_pcs_init(pcs.data(), pcs.data() + pcs.size());
}

}  // namespace

}  // namespace dmafuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    using namespace dmafuzz;
    Setup todo = setup();
    cause_probe = std::make_unique<CauseProbe>(todo.causes, board_path(), asides());
    if (!std::getenv("DMAFUZZ_STATE_MAP")) {
        subject = std::make_unique<Subject>(todo.tracker, todo.platforms, *cause_probe);
        return 0;
    }
    engine = std::make_unique<Engine>(todo.tracker, todo.platforms, 0, ops_max);
    engine->observe_with(cause_probe.get());
    register_map(*engine->coverage_map());
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace dmafuzz;
    Program program = decode(data, size);
    if (subject) subject->run(program);
    else engine->run(program);
    return 0;
}
