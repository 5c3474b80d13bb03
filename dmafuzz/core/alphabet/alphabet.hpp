// SPDX-License-Identifier: GPL-2.0-only
// The alphabet of the exhaustive search, and of what fuzzing goes through in order: which operations can come next, a
// small and stated choice (`alphabet_text`) of all there are.
#pragma once

#include <string>
#include <vector>

#include "program/scope.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

// What is in it, for people: a paragraph for each kind of operation.
const std::vector<std::string>& alphabet_text();

// Of all that counts in an operation.
void add_op(Digest& into, const Op& op);

struct Alphabet {
    int cpus = 1;
    int devices = 1;  // the first one named is d0
};

// What decides which operations can come next: the names and what they stand for.
class Context {
public:
    // In order of what is plainest, then of names. CPUs, buffers and mappings have canonical names.
    std::vector<Op> successors(const Alphabet& alphabet) const;
    Context after(const Op& op) const;
    static Context of(const std::vector<Op>& ops);  // after all of them
    Digest digest() const;

    uint32_t cpus() const { return cpus_; }        // those used, a bit each
    uint32_t devices() const { return devices_; }  // those named, a bit each
    uint32_t splits() const { return splits_; }
    uint32_t buffers() const { return buffers_; }  // made so far

private:
    struct Mapping {
        Op made;
        bool ended = false;
    };

    Scope scope_;
    std::vector<Op> allocations_;  // by buffer; of mappings that allocate, too
    std::vector<Mapping> mappings_;
    uint32_t cpus_ = 0, devices_ = 0, splits_ = 0, buffers_ = 0;

    friend class Successors;
};

}  // namespace dmafuzz
