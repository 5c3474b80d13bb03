// SPDX-License-Identifier: GPL-2.0-only
// A platform: what a machine and its kernel do for the DMA API. Data only, by the table in fields.hpp; loaded from
// dmafuzz/platforms/*.toml and checked there. Source: docs/spec/platforms.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "platform/fields.hpp"
#include "program/op.hpp"

namespace dmafuzz {

enum class Maintenance : uint8_t { none, clean, invalidate, clean_invalidate };

// What an invalidate does on lines that the range covers only in part.
enum class Edges : uint8_t {
    clean,        // clean+invalidate these lines
    drop,         // invalidate them like the others
    whole_range,  // if either end is unaligned, clean+invalidate all lines of the range
};

enum class Iommu : uint8_t { off, strict, lazy };

// Whose page tables: what an unmap does across pages that are not mapped, and a map over pages that are.
enum class IommuDriver : uint8_t { intel, smmu, amd };

// What the copies of a sync or an unmap are cut to.
enum class BounceCut : uint8_t {
    never,    // nothing: the call's length
    mapping,  // the mapping
    wraps,    // the mapping; but one that begins beyond its end, inside of its last slot, has the call's length
};

// By direction: bidirectional, to device, from device, as enum dma_data_direction has them.
using Maintenances = std::array<Maintenance, 3>;

#define DMAFUZZ_MEMBER(type, name, value, key, values, meaning) type name = value;

struct Device {
    DMAFUZZ_DEVICE_FIELDS(DMAFUZZ_MEMBER)
    bool operator==(const Device&) const = default;
};

struct Platform {
    std::string name;
    DMAFUZZ_PLATFORM_FIELDS(DMAFUZZ_MEMBER)
    std::array<Device, devices_max> devices{};
    bool operator==(const Platform&) const = default;
};

#undef DMAFUZZ_MEMBER

}  // namespace dmafuzz
