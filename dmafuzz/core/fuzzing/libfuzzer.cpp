// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/libfuzzer.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "fuzzing/engine.hpp"

namespace dmafuzz {

namespace {

struct PcEntry {
    uintptr_t pc;
    uintptr_t flags;
};

// What a libFuzzer reads: a map, and a program counter for each of its counters; made up, but distinct.
struct Registered {
    std::shared_ptr<CoverageMap> map;
    std::array<PcEntry, coverage_cells> pcs;
};

Engine* driven = nullptr;
int children_each = 0;
int milliseconds_each = 0;

}  // namespace

void expose_mutator() {
    Dl_info self;
    bool promoted = dladdr(reinterpret_cast<void*>(&expose_mutator), &self) &&
                    dlopen(self.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
    if (!promoted) throw std::runtime_error("the core cannot be made visible to libFuzzer");
}

void register_counters(const std::string& module_path, std::shared_ptr<CoverageMap> map) {
    void* module = dlopen(module_path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (!module) throw std::runtime_error("libFuzzer's module is not loaded: " + module_path);
    using Init = void (*)(void*, void*);
    auto counters_init = reinterpret_cast<Init>(dlsym(module, "__sanitizer_cov_8bit_counters_init"));
    auto pcs_init = reinterpret_cast<Init>(dlsym(module, "__sanitizer_cov_pcs_init"));
    if (!counters_init || !pcs_init) throw std::runtime_error("libFuzzer's module takes no counters: " + module_path);
    // Never freed: libFuzzer may look at it while the process ends.
    auto* const taken = new Registered{std::move(map), {}};
    auto& [owned, pcs] = *taken;
    auto& cells = owned->cells;
    for (size_t i = 0; i < pcs.size(); i++) pcs[i] = {reinterpret_cast<uintptr_t>(cells.data()) + i, 0};
    counters_init(cells.data(), cells.data() + cells.size());
    pcs_init(pcs.data(), pcs.data() + pcs.size());
}

void drive(Engine* engine, int children, int milliseconds) {
    driven = engine;
    children_each = children;
    milliseconds_each = milliseconds;
}

}  // namespace dmafuzz

// A weak symbol of libFuzzer's: found there because this module is loaded globally, before it.
extern "C" __attribute__((visibility("default"))) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                                                                 size_t max_size, unsigned int seed) {
    using namespace dmafuzz;
    Program parent = decode(data, size);
    if (!driven) return size;
    Program child = driven->novel_child(parent, children_each, milliseconds_each, seed);
    std::vector<uint8_t> bytes = encode(child);
    size_t n = std::min(bytes.size(), max_size / record_bytes * record_bytes);
    std::memcpy(data, bytes.data(), n);
    return n;
}
