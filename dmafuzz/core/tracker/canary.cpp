// Canaries, to prove that the alarm works: a tracker that never warns, and one that always does.
// And the list of all trackers by name.
#include "tracker/dma_debug.hpp"
#include "tracker/kernel_code.hpp"

namespace dmafuzz {

namespace {

class Silent final : public Tracker {
  public:
    void watch(const std::vector<HookCall>&, const Platform&, Watch& out, PathSink*) override { out.clear(); }
};

// Calls every map an overlap.
class Noisy final : public Tracker {
  public:
    void watch(const std::vector<HookCall>& calls, const Platform&, Watch& out, PathSink*) override {
        out.clear();
        for (size_t i = 0; i < calls.size(); i++) {
            const HookCall& call = calls[i];
            bool maps = call.kind == HookKind::map_page || call.kind == HookKind::map_sg;
            if (maps) out.warnings.push_back({WarningId::line_overlap, call.op, static_cast<uint16_t>(i), 1u << call.mapping});
        }
    }
};

}  // namespace

std::vector<std::string> tracker_names() {
    std::vector<std::string> names;
    for (const Era& era : eras()) names.push_back(era.name);
    names.insert(names.end(), {"silent", "noisy"});
    return names;
}

std::unique_ptr<Tracker> make_tracker(const std::string& name) {
    for (const Era& era : eras())
        if (name == era.name) return std::make_unique<DmaDebug>(era);
    constexpr std::string_view prefix = "kernel:";
    if (name.starts_with(prefix)) return load_kernel_code(name.substr(prefix.size()));
    if (name == "silent") return std::make_unique<Silent>();
    if (name == "noisy") return std::make_unique<Noisy>();
    return nullptr;
}

}  // namespace dmafuzz
