#include "tracker/kernel_code.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <stdexcept>

#include "kernel/abi.h"

namespace dmafuzz {

namespace {

// The two sides of the boundary describe a hook call alike.
static_assert(sizeof(HookCall) == sizeof(dk_call) && sizeof(HookEntry) == sizeof(dk_entry));
static_assert(offsetof(HookCall, dma) == offsetof(dk_call, dma) && offsetof(HookCall, entries) == offsetof(dk_call, entries));
static_assert(static_cast<int>(HookKind::cow) == DK_COW && static_cast<int>(Area::mmio) == DK_MMIO);
static_assert(static_cast<int>(WarningId::resource_ram) == DK_RESOURCE_RAM && static_cast<int>(WarningId::crash) == DK_CRASH);

dk_machine machine_of(const Platform& platform) {
    dk_machine machine{};
    machine.abi_version = DK_ABI_VERSION;
    machine.cache_alignment = static_cast<uint32_t>(platform.dma_alignment);
    machine.l1_shift = static_cast<uint8_t>(std::countr_zero(static_cast<unsigned>(platform.l1_line)));
    machine.kmalloc_bounce = platform.bounce_unaligned;
    machine.stacks_in_vmalloc = platform.stacks_in_vmalloc;
    machine.text_in_linear_map = platform.text_in_linear_map;
    machine.catch_faults = 1;
    for (int i = 0; i < devices_max; i++) {
        machine.devices[i].segment_max = platform.devices[i].segment_max;
        machine.devices[i].segment_boundary = platform.devices[i].segment_boundary;
        machine.devices[i].swiotlb_active = platform.bounce_pool;
        machine.devices[i].bus_registered = platform.devices[i].pci;
    }
    return machine;
}

class KernelCode final : public Tracker {
  public:
    explicit KernelCode(const std::string& path) {
        library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library_) throw std::runtime_error(std::string("cannot load the kernel's dma-debug: ") + dlerror());
        boot_ = symbol<decltype(boot_)>("dmafuzz_kernel_boot");
        reset_ = symbol<decltype(reset_)>("dmafuzz_kernel_reset");
        run_ = symbol<decltype(run_)>("dmafuzz_kernel_run");
    }
    ~KernelCode() override { dlclose(library_); }
    KernelCode(const KernelCode&) = delete;
    KernelCode& operator=(const KernelCode&) = delete;

    void watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink* sink) override {
        out.clear();
        // A library's state is shared by all trackers that have loaded it.
        static const KernelCode* booted_by = nullptr;
        if (booted_ != &platform || booted_by != this) {
            dk_machine machine = machine_of(platform);
            if (boot_(&machine) != 0) throw std::runtime_error("the kernel's dma-debug does not boot: built for another version of dmafuzz or another L1 line");
            booted_ = &platform;
            booted_by = this;
        }
        reset_();
        static constexpr int warnings_max = 1024;
        warnings_.resize(warnings_max);
        int found = run_(reinterpret_cast<const dk_call*>(calls.data()), static_cast<int>(calls.size()),
                         reinterpret_cast<dk_warning*>(warnings_.data()), warnings_max);
        for (int i = 0; i < std::min(found, warnings_max); i++) {
            const dk_warning& w = warnings_[static_cast<size_t>(i)];
            Warning warning;
            warning.id = static_cast<WarningId>(w.id);
            warning.call = w.call;
            warning.op = calls[w.call].op;
            for (uint16_t at : {w.call, w.mapped_at})
                if (at != DK_NO_CALL && calls[at].mapping != no_mapping) warning.mappings |= 1u << calls[at].mapping;
            if (w.mapped_at != DK_NO_CALL) warning.entry_op = calls[w.mapped_at].op;
            if (warning.id == WarningId::leak) out.left.push_back({warning.op, warning.mappings});
            out.warnings.push_back(warning);
            if (sink) sink->path(0x7000 + w.id);
        }
    }

  private:
    template <class F>
    F symbol(const char* name) {
        void* found = dlsym(library_, name);
        if (!found) throw std::runtime_error(std::string("not a library made by dmafuzz: it lacks ") + name);
        return reinterpret_cast<F>(found);
    }

    void* library_;
    int (*boot_)(const dk_machine*);
    void (*reset_)();
    int (*run_)(const dk_call*, int, dk_warning*, int);
    const Platform* booted_ = nullptr;
    std::vector<dk_warning> warnings_;
};

}  // namespace

std::unique_ptr<Tracker> load_kernel_code(const std::string& library) { return std::make_unique<KernelCode>(library); }

}  // namespace dmafuzz
