// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/kernel_code.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string_view>

#include "check/check.hpp"
#include "kernel/abi.h"
#include "run/consistent.hpp"
#include "tracker/departures.hpp"
#include "tracker/kernel_faults.hpp"

namespace dmafuzz {

namespace {

// The two sides of the boundary describe a hook call alike.
static_assert(sizeof(HookCall) == sizeof(dk_call) && sizeof(HookEntry) == sizeof(dk_entry));
static_assert(offsetof(HookCall, dma) == offsetof(dk_call, dma) &&
              offsetof(HookCall, entries) == offsetof(dk_call, entries));
static_assert(static_cast<int>(HookKind::cow) == DK_COW && static_cast<int>(Area::mmio) == DK_MMIO &&
              static_cast<int>(Area::vmalloc_gone) == DK_VMALLOC_GONE);

dk_machine machine_of(const PlatformView& platform) {
    dk_machine machine{};
    machine.abi_version = DK_ABI_VERSION;
    machine.cache_alignment = static_cast<uint32_t>(platform.get<&Platform::dma_alignment>());
    machine.l1_shift =
        static_cast<uint8_t>(std::countr_zero(static_cast<unsigned>(platform.get<&Platform::l1_line>())));
    machine.kmalloc_bounce = platform.get<&Platform::bounce_unaligned>();
    machine.stacks_in_vmalloc = platform.get<&Platform::stacks_in_vmalloc>();
    machine.text_in_linear_map = platform.get<&Platform::text_in_linear_map>();
    for (size_t i = 0; i < devices_max; i++) {
        machine.devices[i].segment_max = platform.get<&Device::segment_max>(i);
        machine.devices[i].segment_boundary = platform.get<&Device::segment_boundary>(i);
        machine.devices[i].swiotlb_active = platform.get<&Platform::bounce_pool>();
        machine.devices[i].bus_registered = platform.get<&Device::pci>(i);
    }
    return machine;
}

// A loaded library. Its state is the process's: all trackers that have loaded it share it.
class Library {
public:
    explicit Library(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
        if (!handle_) throw std::runtime_error(std::string("cannot load the kernel's dma-debug: ") + dlerror());
        find(boot_, "dmafuzz_kernel_boot");
        find(reset_, "dmafuzz_kernel_reset");
        find(run_, "dmafuzz_kernel_run");
        find(locks_, "dmafuzz_kernel_locks");
        find(list_steps_, "dmafuzz_kernel_list_steps");
        find(tree_operations_, "dmafuzz_kernel_tree_operations");
        find(lockless_operations_, "dmafuzz_kernel_lockless_operations");
        find(coverage_, "dmafuzz_kernel_coverage");
        find(shown_, "dmafuzz_kernel_shown");
        find(runner_.abort, "dmafuzz_kernel_abort");
        find(runner_.progress, "dmafuzz_kernel_progress");
    }
    ~Library() { dlclose(handle_); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    static std::shared_ptr<Library> load(const std::string& path) {
        static std::map<std::string, std::weak_ptr<Library>> loaded;
        std::shared_ptr<Library> library = loaded[path].lock();
        if (!library) loaded[path] = library = std::make_shared<Library>(path);
        return library;
    }

    // False where the library is for machines with another L1 line.
    bool boot(const dk_machine& machine) {
        constexpr int other_line = -2;
        if (booted_ && std::memcmp(&machine, &machine_, sizeof machine) == 0) return true;
        catch_kernel_faults();
        booted_ = false;
        int failed;
        {
            constexpr int patience = 1000;  // tens of thousands of entries are made
            RunGuard guard(runner_, patience);
            failed = boot_(&machine);
        }
        if (failed == other_line) return false;
        if (failed) throw std::runtime_error(why(failed));
        machine_ = machine;
        booted_ = true;
        return true;
    }

    int run(const std::vector<HookCall>& calls, std::vector<dk_warning>& warnings) {
        RunGuard guard(runner_, 1);
        reset_();
        return run_(reinterpret_cast<const dk_call*>(calls.data()), static_cast<int>(calls.size()), warnings.data(),
                    static_cast<int>(warnings.size()));
    }

    Cost cost() const {
        constexpr int sites_max = 64;
        std::array<dk_lock_count, sites_max> sites;
        int count = std::min(locks_(sites.data(), sites_max), sites_max);
        Cost cost;
        for (int i = 0; i < count; i++)
            counter_of(cost, sites[static_cast<size_t>(i)].name) += sites[static_cast<size_t>(i)].count;
        cost.lookup_steps = list_steps_();
        cost.tree_operations = tree_operations_();
        cost.lockless_operations = lockless_operations_();
        return cost;
    }

    // num_errors as the kernel's code has it when it has booted.
    uint32_t shown() const { return shown_(); }

    // The counters of the edges, if it is built with them.
    std::pair<uint8_t*, size_t> coverage() const {
        uint8_t* counters = nullptr;
        size_t count = coverage_(&counters);
        return {counters, count};
    }

private:
    template <class F>
    void find(F& function, const char* name) {
        void* found = dlsym(handle_, name);
        if (!found) throw std::runtime_error(std::string("not a library made by this dmafuzz: it lacks ") + name);
        function = reinterpret_cast<F>(found);
    }

    static const char* why(int failed) {
        constexpr int crashed = -3, no_memory = -4;
        if (failed == crashed) return "the kernel's dma-debug crashes when it boots";
        if (failed == no_memory) return "the kernel's dma-debug does not boot: no memory";
        return "the kernel's dma-debug does not boot: built for another version of dmafuzz";
    }

    // By the expression in the kernel's source that names the lock.
    static uint64_t& counter_of(Cost& cost, std::string_view lock) {
        auto names = [&](const char* part) { return lock.find(part) != std::string_view::npos; };
        if (names("hash") || names("bucket")) return cost.bucket_locks;
        if (names("radix") || names("xa_lock") || names("ma_lock")) return cost.tree_locks;
        if (names("free_entries")) return cost.pool_locks;
        return cost.other_locks;
    }

    void* handle_;
    int (*boot_)(const dk_machine*);
    void (*reset_)();
    int (*run_)(const dk_call*, int, dk_warning*, int);
    int (*locks_)(dk_lock_count*, int);
    uint64_t (*list_steps_)();
    uint64_t (*tree_operations_)();
    uint64_t (*lockless_operations_)();
    size_t (*coverage_)(uint8_t**);
    uint32_t (*shown_)();
    Runner runner_{};
    bool booted_ = false;
    dk_machine machine_{};
};

class KernelCode final : public Tracker {
public:
    KernelCode(std::vector<std::shared_ptr<Library>> libraries, std::unique_ptr<Tracker> model)
        : libraries_(std::move(libraries)), model_(std::move(model)) {}

    void watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink* sink) override {
        out.clear();
        platform_.start(platform);
        boot();
        out.features_read = platform_.features_read();
        DMAFUZZ_CHECK(
            std::all_of(calls.begin(), calls.end(), [](const HookCall& call) { return consistent(call, no_op); }));
        static constexpr size_t warnings_max = 1024;
        warnings_.resize(warnings_max);
        size_t found = std::min(static_cast<size_t>(booted_->run(calls, warnings_)), warnings_max);
        for (size_t i = 0; i < found; i++) {
            out.warnings.push_back(warning_of(warnings_[i], calls));
            const Warning& warning = out.warnings.back();
            if (warning.id == WarningId::leak) out.left.push_back({warning.op, warning.mappings});
            if (sink) sink->path(0x7000 + warnings_[i].id);
        }
        show_edges(sink);
    }

    void explain(const std::vector<HookCall>& calls, const Platform& platform, Watch& out) override {
        watch(calls, platform, out, nullptr);
        if (!model_) return;
        model_->explain(calls, platform, of_model_);
        take_reasons(out, of_model_);
    }

    uint32_t shown() const override { return booted_ ? booted_->shown() : 1; }

    bool cost(Cost& out) const override {
        if (booted_) out = booted_->cost();
        return booted_ != nullptr;
    }

private:
    // The library for the platform's L1 line, as that machine.
    void boot() {
        const dk_machine machine = machine_of(platform_);
        if (booted_ && booted_->boot(machine)) return;
        for (const auto& library : libraries_) {
            if (!library->boot(machine)) continue;
            booted_ = library.get();
            return;
        }
        throw std::runtime_error("the kernel's dma-debug is not built for an L1 line of " +
                                 std::to_string(platform_.get<&Platform::l1_line>()) + " bytes");
    }

    static Warning warning_of(const dk_warning& w, const std::vector<HookCall>& calls) {
        Warning warning;
        warning.id = static_cast<WarningId>(w.id);
        warning.call = w.call;
        warning.op = calls[w.call].op;
        warning.mappings = w.mappings;
        if (calls[w.call].mapping != no_mapping) warning.mappings |= 1u << calls[w.call].mapping;
        if (w.mapped_at < calls.size()) warning.entry_op = calls[w.mapped_at].op;
        warning.counted = w.counted;
        warning.traced = w.traced;
        warning.line_bytes = w.line_bytes;
        warning.line = w.line;
        warning.text = w.text;
        return warning;
    }

    // How often an edge was taken counts in powers of two.
    void show_edges(PathSink* sink) {
        auto [counters, count] = booted_->coverage();
        for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
            uint64_t eight = 0;
            size_t bytes = std::min(sizeof eight, count - i);
            std::memcpy(&eight, counters + i, bytes);
            if (!eight) continue;
            std::memset(counters + i, 0, bytes);
            for (size_t k = 0; sink && k < bytes; k++)
                if (uint64_t times = eight >> (8 * k) & 0xff)
                    sink->path(0x80000000 + (i + k) * 16 + static_cast<uint64_t>(std::bit_width(times)));
        }
    }

    std::vector<std::shared_ptr<Library>> libraries_;
    std::unique_ptr<Tracker> model_;
    Watch of_model_;
    Library* booted_ = nullptr;
    PlatformView platform_;
    std::vector<dk_warning> warnings_;
};

}  // namespace

std::unique_ptr<Tracker> load_kernel_code(const std::string& path, std::unique_ptr<Tracker> model) {
    std::vector<std::string> files{path};
    if (std::filesystem::is_directory(path)) {
        files.clear();
        for (const auto& file : std::filesystem::directory_iterator(path))
            if (file.path().extension() == ".so") files.push_back(file.path());
        std::sort(files.begin(), files.end());
        if (files.empty()) throw std::runtime_error("no library of a kernel's dma-debug in " + path);
    }
    std::vector<std::shared_ptr<Library>> libraries;
    for (const std::string& file : files) libraries.push_back(Library::load(file));
    return std::make_unique<KernelCode>(std::move(libraries), std::move(model));
}

}  // namespace dmafuzz
