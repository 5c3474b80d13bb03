// SPDX-License-Identifier: GPL-2.0-only
// The bridge to the libFuzzer inside atheris: its counters, and its custom mutator.
#pragma once

#include <memory>
#include <string>

namespace dmafuzz {

class Engine;
struct CoverageMap;

// Makes LLVMFuzzerCustomMutator visible to libraries loaded from now on. Call it before atheris is imported:
// libFuzzer looks for its weak symbol once, when it is loaded. Throws std::runtime_error.
void expose_mutator();

// Registers the coverage map with the libFuzzer in the extension module of that path (already loaded), which reads it
// from now on to the end of the process: the map is kept for as long. Throws std::runtime_error with the reason where
// that cannot be.
void register_counters(const std::string& module_path, std::shared_ptr<CoverageMap> map);

// The engine whose bursts LLVMFuzzerCustomMutator runs, and how many children each may try for how long. Null: plain
// copies.
void drive(Engine* engine, int children, int milliseconds);

}  // namespace dmafuzz
