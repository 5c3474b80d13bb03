// Addresses handed out from a bump pointer; what is given back is reused last in, first out by
// the same key. Deterministic: the same requests get the same addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "state/digest.hpp"

namespace dmafuzz {

class Arena {
  public:
    void reset(uint64_t base, uint64_t limit) {
        next_ = base;
        limit_ = limit;
        freed_.clear();
    }

    void end_at(uint64_t limit) { limit_ = limit; }

    // The address, or 0 where the arena is full. Addresses start above 0.
    uint64_t take(uint32_t key, uint64_t bytes) {
        for (std::size_t i = freed_.size(); i-- > 0;) {
            if (freed_[i].key != key || freed_[i].bytes != bytes) continue;
            uint64_t at = freed_[i].at;
            freed_.erase(freed_.begin() + static_cast<std::ptrdiff_t>(i));
            return at;
        }
        if (next_ + bytes <= limit_) {
            uint64_t at = next_;
            next_ += bytes;
            return at;
        }
        return take_from_larger(key, bytes);
    }

    void give_back(uint32_t key, uint64_t at, uint64_t bytes) { freed_.push_back({key, at, bytes}); }

    void digest(Digest& into) const {
        into.add(next_);
        for (const Area& area : freed_) {
            into.add(area.key);
            into.add(area.at);
            into.add(area.bytes);
        }
        into.add(freed_.size());
    }

  private:
    struct Area {
        uint32_t key;
        uint64_t at;
        uint64_t bytes;
    };

    // Only when nothing else is left: the latest freed area of the key that is large enough, from its start.
    uint64_t take_from_larger(uint32_t key, uint64_t bytes) {
        for (std::size_t i = freed_.size(); i-- > 0;) {
            if (freed_[i].key != key || freed_[i].bytes < bytes) continue;
            uint64_t at = freed_[i].at;
            freed_[i].at += bytes;
            freed_[i].bytes -= bytes;
            return at;
        }
        return 0;
    }

    uint64_t next_ = 0, limit_ = 0;
    std::vector<Area> freed_;
};

}  // namespace dmafuzz
