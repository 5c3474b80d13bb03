#include "schedule/state_key.hpp"

namespace dmafuzz {

namespace {

uint64_t mixed(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9;
    x ^= x >> 27;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 31;
}

}  // namespace

// What a CPU's interrupts do concerns that CPU alone: no hook is called, no memory touched, and what settles after such
// a line had settled before. Where it stands among the lines of others makes no difference, unless it stands between the
// two halves of a call. All else counts with its order.
bool state_key(Judge&, const Program& prefix, const std::vector<uint8_t>& names, Key& out) {
    out = {};
    for (size_t i = 0; i < prefix.ops.size(); i++) {
        const Op& op = prefix.ops[i];
        if (op.kind == OpKind::irq_off || op.kind == OpKind::irq_on) continue;
        uint64_t word = static_cast<uint64_t>(names[i]) << 1 | op.split;
        out.low = mixed(out.low + word + 0x9e3779b97f4a7c15);
        out.high = mixed(out.high * 0x2545f4914f6cdd1d + word + 1);
    }
    return true;
}

}  // namespace dmafuzz
