// SPDX-License-Identifier: GPL-2.0-only
#include "benchmark/signature_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "fuzzing/hash.hpp"
#include "judge/cause.hpp"

namespace dmafuzz {

namespace {

// What it shows as far as one platform tells at once; 0: nothing, or too much.
uint64_t appearance(Judge& judge, size_t platform) {
    const Analysis& a = judge.cover(platform);
    uint64_t corruptions = 0, warnings = 0;
    for (const Corruption& c : a.corruptions)
        if (!c.explained) corruptions |= uint64_t{1} << static_cast<int>(c.kind);
    for (size_t i = 0; i < a.watch.warnings.size(); i++)
        if (!a.justified_here[i]) warnings |= uint64_t{1} << static_cast<int>(a.watch.warnings[i].id);
    if (!corruptions && !warnings) return 0;
    const Rules rules = judge.rules(platform);
    if (std::popcount(rules) > SignatureLog::rules_max) return 0;
    return mix(mix(corruptions, warnings), mix(rules, platform)) | 1;
}

}  // namespace

SignatureLog::SignatureLog(const std::string& path)
    : file_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    if (file_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
}

SignatureLog::~SignatureLog() { close(file_); }

void SignatureLog::look(const Program& program, Judge& judge, size_t platform, int64_t at, int64_t aside) {
    const uint64_t seen = appearance(judge, platform);
    if (!seen || ++looks_[seen] > looks_max) return;
    bool wanted = false;
    for (PlatformSignature& shown : signatures_on(judge, platform)) {
        shown.rules = judge.rules(platform);
        wanted |= kept_.insert(signature_key(shown)).second;
    }
    if (wanted) write(program, {at, aside, static_cast<uint32_t>(platform), 0});
}

// In one piece, so that nobody reads half of it.
void SignatureLog::write(const Program& program, Entry entry) const {
    const std::vector<uint8_t> records = encode(program);
    entry.bytes = static_cast<uint32_t>(records.size());
    std::vector<uint8_t> all(sizeof entry + records.size());
    std::memcpy(all.data(), &entry, sizeof entry);
    std::memcpy(all.data() + sizeof entry, records.data(), records.size());
    if (::write(file_, all.data(), all.size()) != static_cast<ssize_t>(all.size()))
        throw std::runtime_error("the file of signatures cannot be written");
}

}  // namespace dmafuzz
