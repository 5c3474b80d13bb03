// SPDX-License-Identifier: GPL-2.0-only
// What a program asks of a platform. Of most of a platform a given program never hears: two platforms that agree in all
// that was asked have equal runs of it, whatever else they differ in.
#pragma once

#include <functional>
#include <type_traits>

#include "platform/platform.hpp"

namespace dmafuzz {

// Features of a platform, a bit each.
using Features = unsigned __int128;

// Fields of a structure, or functions of it, each with a place.
template <auto... Fields>
struct FieldList {
    static constexpr int count = sizeof...(Fields);

    template <auto Field>
    static constexpr int place() {
        constexpr bool known = (std::is_same_v<Name<Field>, Name<Fields>> || ...);
        static_assert(known, "a field that is missing in the list");
        int place = 0;
        (void)((std::is_same_v<Name<Field>, Name<Fields>> || (place++, false)) || ...);
        return place;
    }
    template <class T>
    static Features differences(const T& a, const T& b) {
        Features found = 0;
        int place = 0;
        ((found |= static_cast<Features>(!(std::invoke(Fields, a) == std::invoke(Fields, b))) << place++), ...);
        return found;
    }

private:
    template <auto>
    struct Name {};
};

// Nearly all that is mapped lies within 64 KiB.
constexpr uint64_t segment_in_doubt = 0x10000;
inline bool wide_segments(const Device& device) { return device.segment_boundary >= segment_in_doubt - 1; }

// Alignments of any but coherent machines and old ones: all that small buffers are mostly asked for.
constexpr uint32_t alignment_in_doubt = 64;
inline bool wide_alignment(const Platform& platform) { return platform.dma_alignment >= int{alignment_in_doubt}; }
inline bool wide_alignment_min(const Platform& platform) {
    return platform.dma_alignment_min >= int{alignment_in_doubt};
}

// The widest cacheline, and the least mask of a device: what they leave alone is no question of the platform's own.
constexpr int line_bytes_max = 128;
constexpr int mask_bits_min = 32;

// Of a table of cache maintenance, one direction.
template <auto Table, size_t direction>
Maintenance maintenance_in(const Platform& platform) {
    return (platform.*Table)[direction];
}

template <auto None, auto... Fields>
using FieldsAfter = FieldList<Fields...>;

#define DMAFUZZ_OF_PLATFORM(type, name, value, key, values, meaning) , &Platform::name
#define DMAFUZZ_OF_DEVICE(type, name, value, key, values, meaning) , &Device::name

// All but its name and its devices; and questions of which the answer matters more often than the field itself.
using PlatformFields =
    FieldsAfter<nullptr DMAFUZZ_PLATFORM_FIELDS(DMAFUZZ_OF_PLATFORM), wide_alignment, wide_alignment_min,
                maintenance_in<&Platform::for_device, 0>, maintenance_in<&Platform::for_device, 1>,
                maintenance_in<&Platform::for_device, 2>, maintenance_in<&Platform::for_cpu, 0>,
                maintenance_in<&Platform::for_cpu, 1>, maintenance_in<&Platform::for_cpu, 2>>;
using DeviceFields = FieldsAfter<nullptr DMAFUZZ_DEVICE_FIELDS(DMAFUZZ_OF_DEVICE), wide_segments>;

#undef DMAFUZZ_OF_PLATFORM
#undef DMAFUZZ_OF_DEVICE

static_assert(PlatformFields::count + devices_max * DeviceFields::count <= 128);

template <auto Field>
constexpr Features feature() {
    return Features{1} << PlatformFields::place<Field>();
}
template <auto Field>
constexpr Features feature(size_t device) {
    return Features{1} << (PlatformFields::count + DeviceFields::count * device +
                           static_cast<size_t>(DeviceFields::place<Field>()));
}

// In what the platforms differ, but for their names.
inline Features differences(const Platform& a, const Platform& b) {
    Features found = PlatformFields::differences(a, b);
    for (size_t device = 0; device < devices_max; device++)
        found |= DeviceFields::differences(a.devices[device], b.devices[device])
                 << (PlatformFields::count + DeviceFields::count * device);
    return found;
}

// A platform that records what is read of it. What reads it alone has the same result on any platform that gives the
// same answers; so ask as late as can be, and no more than matters.
class PlatformView {
public:
    // `features_read`: what has been read of it before.
    void start(const Platform& platform, Features features_read = 0) {
        platform_ = &platform;
        features_read_ = features_read;
    }
    void add(Features features_read) { features_read_ |= features_read; }
    template <auto Field>
    decltype(auto) get() const {
        features_read_ |= feature<Field>();
        return std::invoke(Field, *platform_);
    }
    // By one of the tables, in one direction: what the other ones need does not matter.
    template <auto Table>
    Maintenance maintenance(Direction direction) const {
        const size_t at = static_cast<size_t>(direction);
        features_read_ |= feature<maintenance_in<Table, 0>>() << at;
        return (platform_->*Table)[at];
    }
    template <auto Field>
    auto get(size_t device) const {
        features_read_ |= feature<Field>(device);
        return std::invoke(Field, platform_->devices[device]);
    }
    // Does a range of addresses reach across a segment boundary?
    bool crosses(size_t device, uint64_t first, uint64_t last) const {
        const uint64_t apart = first ^ last;
        if (apart < segment_in_doubt && get<wide_segments>(device)) return false;
        return (apart & ~get<&Device::segment_boundary>(device)) != 0;
    }
    Features features_read() const { return features_read_; }

private:
    const Platform* platform_ = nullptr;
    mutable Features features_read_ = 0;
};

}  // namespace dmafuzz
