// Some of a piece's granules, a bit each: rules speak of ranges of them, so whole words are worked on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "state/digest.hpp"

namespace dmafuzz {

class Granules {
  public:
    static constexpr uint32_t bits_in_word = 64;
    static constexpr size_t words_of(uint32_t granules) { return granules / bits_in_word + 1; }

    Granules() = default;
    // None of them. `words`: the caller's, words_of(granules) of them, all 0.
    Granules(uint64_t* words, uint32_t granules) : words_(words), granules_(granules) {}

    // Ranges are from `from` to before `to`, and inside of the piece.
    void add(uint32_t from, uint32_t to) {
        each_word(from, to, [](uint64_t& word, uint64_t mask) { word |= mask; });
    }
    void take_away(uint32_t from, uint32_t to) {
        each_word(from, to, [](uint64_t& word, uint64_t mask) { word &= ~mask; });
    }
    bool any(uint32_t from, uint32_t to) const {
        uint64_t in = 0;
        each_word(from, to, [&](uint64_t word, uint64_t mask) { in |= word & mask; });
        return in != 0;
    }
    bool all(uint32_t from, uint32_t to) const {
        uint64_t out = 0;
        each_word(from, to, [&](uint64_t word, uint64_t mask) { out |= ~word & mask; });
        return out == 0;
    }
    void digest(Digest& into) const {
        each_word(0, granules_, [&](uint64_t word, uint64_t) { into.add(word); });
    }

  private:
    template <class Do>
    void each_word(uint32_t from, uint32_t to, Do what) const {
        for (uint32_t at = from; at < to;) {
            const uint32_t word = at / bits_in_word, bit = at % bits_in_word;
            const uint32_t left = bits_in_word - bit, size = to - at < left ? to - at : left;
            what(words_[word], ~uint64_t{0} >> (bits_in_word - size) << bit);
            at += size;
        }
    }

    uint64_t* words_ = nullptr;
    uint32_t granules_ = 0;
};

}  // namespace dmafuzz
