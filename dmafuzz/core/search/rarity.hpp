// What programs show on one platform, and how often: of what is common, most needs no closer look.
#pragma once

#include <unordered_map>
#include <vector>

#include "judge/contract.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

class Rarity {
  public:
    // Something unexplained or unjustified that few programs before have shown there for the same reason, with the same
    // rules broken.
    // Counts it.
    bool rare(Judge& judge, size_t platform);

  private:
    std::vector<uint64_t> suspicions_;                   // of one program: kinds of corruptions and warnings, and reasons
    std::unordered_map<uint64_t, uint8_t> times_seen_;   // of one on a platform, with the rules broken
};

}  // namespace dmafuzz
