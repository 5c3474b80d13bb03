#include "fuzzing/libfuzzer.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "fuzzing/engine.hpp"

namespace dmafuzz {

alignas(4096) std::array<uint8_t, coverage_cells> coverage_map{};

namespace {

struct PcEntry {
    uintptr_t pc;
    uintptr_t flags;
};

// libFuzzer wants a program counter for each counter; made up, but distinct.
std::array<PcEntry, coverage_cells> pcs;

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

void register_counters(const std::string& module_path) {
    void* module = dlopen(module_path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (!module) throw std::runtime_error("libFuzzer's module is not loaded: " + module_path);
    using Init = void (*)(void*, void*);
    auto counters_init = reinterpret_cast<Init>(dlsym(module, "__sanitizer_cov_8bit_counters_init"));
    auto pcs_init = reinterpret_cast<Init>(dlsym(module, "__sanitizer_cov_pcs_init"));
    if (!counters_init || !pcs_init) throw std::runtime_error("libFuzzer's module takes no counters: " + module_path);
    for (size_t i = 0; i < pcs.size(); i++) pcs[i] = {reinterpret_cast<uintptr_t>(coverage_map.data()) + i, 0};
    counters_init(coverage_map.data(), coverage_map.data() + coverage_map.size());
    pcs_init(pcs.data(), pcs.data() + pcs.size());
}

void drive(Engine* engine, int children, int milliseconds) {
    driven = engine;
    children_each = children;
    milliseconds_each = milliseconds;
}

}  // namespace dmafuzz

// A weak symbol of libFuzzer's: found there because this module is loaded globally, before it.
extern "C" __attribute__((visibility("default"))) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                                                                 unsigned int seed) {
    using namespace dmafuzz;
    Program parent = decode(data, size);
    if (!driven) return size;
    Program child = driven->novel_child(parent, children_each, milliseconds_each, seed);
    std::vector<uint8_t> bytes = encode(child);
    size_t n = std::min(bytes.size(), max_size / record_bytes * record_bytes);
    std::memcpy(data, bytes.data(), n);
    return n;
}
