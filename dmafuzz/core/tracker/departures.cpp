// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/departures.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

// The entry does not count: kernels up to 2.6.32 print none with a leak.
bool same(const Warning& a, const Warning& b) {
    return a.call == b.call && a.id == b.id && a.mappings == b.mappings && a.line == b.line &&
           a.line_bytes == b.line_bytes;
}

// The calls of which they do not say the same, in order. Warnings come in the order of the calls.
std::vector<uint16_t> departures(const std::vector<Warning>& code, const std::vector<Warning>& model) {
    std::vector<uint16_t> found;
    size_t a = 0, b = 0;
    while (a < code.size() || b < model.size()) {
        const bool only_code = b == model.size(), only_model = a == code.size();
        const uint16_t call = only_code    ? code[a].call
                              : only_model ? model[b].call
                                           : std::min(code[a].call, model[b].call);
        auto end_of = [&](const std::vector<Warning>& all, size_t from) {
            while (from < all.size() && all[from].call == call) from++;
            return from;
        };
        const size_t a_end = end_of(code, a), b_end = end_of(model, b);
        const auto at = [](const std::vector<Warning>& all, size_t i) {
            return all.begin() + static_cast<std::ptrdiff_t>(i);
        };
        if (!std::equal(at(code, a), at(code, a_end), at(model, b), at(model, b_end), same)) found.push_back(call);
        a = a_end;
        b = b_end;
    }
    return found;
}

}  // namespace

void take_reasons(Watch& code, const Watch& model) {
    const std::vector<uint16_t> calls = departures(code.warnings, model.warnings);
    auto departs = [&](const Warning& w) { return std::binary_search(calls.begin(), calls.end(), w.call); };
    code.features_read |= model.features_read;
    code.explained = true;
    code.missing_warnings = model.missing_warnings;
    for (MissingWarning& u : code.missing_warnings)
        if (departs(u.warning)) u.reason = Reason::departs;
    for (const Warning& w : model.warnings) {
        const bool said =
            std::any_of(code.warnings.begin(), code.warnings.end(), [&](const Warning& c) { return same(c, w); });
        if (!said) code.missing_warnings.push_back({w, Reason::departs});
    }
}

}  // namespace dmafuzz
