// SPDX-License-Identifier: GPL-2.0-only
// A tracker that is written in Python: a class, of which each program gets a new instance. Slow, and the same to all
// others.
#include "binding/binding.hpp"
#include "binding/record.hpp"
#include "tracker/elsewhere.hpp"

namespace nb = nanobind;

namespace dmafuzz {

namespace {

// What is not there is as a warning has it without.
template <class T>
T attribute(nb::handle object, const char* name, T otherwise) {
    nb::object value = nb::getattr(object, name, nb::none());
    return value.is_none() ? otherwise : nb::cast<T>(value);
}

class PythonTracker : public Tracker {
public:
    explicit PythonTracker(nb::object type) : type_(std::move(type)) {}
    PythonTracker(const PythonTracker&) = delete;
    PythonTracker& operator=(const PythonTracker&) = delete;
    ~PythonTracker() override {
        nb::gil_scoped_acquire gil;
        type_.reset();
    }

    void watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink*) override {
        nb::gil_scoped_acquire gil;
        out.clear();
        nb::object tracker = type_();
        if (nb::hasattr(tracker, "on_start")) {
            out.features_read = ~Features{0};  // nobody knows what it looks at
            tracker.attr("on_start")(platform);
        }
        for (size_t i = 0; i < calls.size(); i++) {
            nb::object said = tracker.attr("on_hook")(calls[i]);
            if (said.is_none()) continue;
            for (nb::handle each : said) add(each, calls[i], static_cast<uint16_t>(i), out);
        }
    }

private:
    static void add(nb::handle said, const HookCall& call, uint16_t number, Watch& out) {
        Warning warning;
        warning.id = nb::cast<WarningId>(nb::object(said.attr("id")));
        warning.op = call.op;
        warning.call = number;
        for (int mapping : nb::cast<std::vector<int>>(nb::object(said.attr("mappings")))) {
            if (mapping < 0 || mapping >= mappings_max)
                throw nb::value_error("a warning names a mapping that there cannot be");
            warning.mappings |= uint32_t{1} << mapping;
        }
        warning.entry_op = static_cast<uint8_t>(attribute<int>(said, "entry_op", no_op));
        warning.line = attribute<uint64_t>(said, "line", 0);
        warning.line_bytes = attribute<uint32_t>(said, "line_size", 0);
        warning.counted = attribute<bool>(said, "counted", true);
        if (warning.id == WarningId::leak) out.left.push_back({warning.op, warning.mappings});
        out.warnings.push_back(warning);
    }

    nb::object type_;
};

// `FOLDER:MODULE:CLASS`; modules are looked for in that folder too.
std::unique_ptr<Tracker> python_tracker(const std::string& rest) {
    nb::gil_scoped_acquire gil;
    const size_t last = rest.rfind(':'), middle = last == std::string::npos ? last : rest.rfind(':', last - 1);
    if (middle == std::string::npos) return nullptr;
    const nb::str folder(rest.substr(0, middle).c_str());
    nb::object path = nb::module_::import_("sys").attr("path");
    if (!nb::cast<bool>(path.attr("__contains__")(folder))) path.attr("append")(folder);
    nb::module_ module = nb::module_::import_(rest.substr(middle + 1, last - middle - 1).c_str());
    return std::make_unique<PythonTracker>(module.attr(rest.substr(last + 1).c_str()));
}

}  // namespace

void bind_python_tracker(nb::module_&) { make_elsewhere("py:", python_tracker); }

}  // namespace dmafuzz
