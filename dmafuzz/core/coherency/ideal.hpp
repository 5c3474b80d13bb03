// SPDX-License-Identifier: GPL-2.0-only
// The ideal memory: what every byte of a program's buffers should hold on a machine that loses nothing, and who may
// look at it or write it. Fed with a run's steps, one operation at a time; what is written are tags. By it a booted
// kernel is judged, and an exported module says what it expects. Source: docs/spec/coherency.md §5 and §6.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "run/run.hpp"

namespace dmafuzz {

// Bytes of a buffer, or of a mapping.
struct Stretch {
    uint32_t offset, size;
};

// Bytes of a buffer as a device sees them: where they are in its mapping, and in the buffer.
struct DeviceView {
    uint8_t mapping, buffer;
    uint32_t start, offset, size;
};

// Offsets and sizes in bytes, of buffers unless it says otherwise.
class IdealMemory {
public:
    explicit IdealMemory(const std::vector<Piece>& pieces);

    // A buffer that holds this from now on; `image`: of the kernel's text or rodata, which nobody writes.
    void born(uint8_t buffer, std::vector<uint8_t> content, bool image);
    // `tag`: what the step's operation writes.
    void step(const Step& step, uint8_t tag);
    // A CPU's write; `lags`: no sync orders it against the devices.
    void write(uint8_t buffer, uint32_t offset, uint32_t size, uint8_t tag, bool lags);
    // A well-behaved device's write of what it owns of a range; what of its mapping that is.
    std::vector<Stretch> device_write(uint8_t mapping, uint8_t buffer, uint32_t offset, uint32_t size, uint8_t tag);

    std::vector<uint8_t> buffers() const;  // that live
    std::vector<uint8_t> content(uint8_t buffer, uint32_t offset, uint32_t size) const;
    // The parts of a range of which something in particular is expected, whoever looks.
    std::vector<Stretch> expected(uint8_t buffer, uint32_t offset, uint32_t size) const;
    // What the CPU may read, and of which something is expected.
    std::vector<Stretch> readable(uint8_t buffer) const;
    // What no live mapping covers: the CPU may write there of its own accord.
    std::vector<Stretch> unmapped(uint8_t buffer) const;
    // What the device of a mapping may read of a range, and must see.
    std::vector<DeviceView> views(uint8_t mapping, uint8_t buffer, uint32_t offset, uint32_t size) const;
    // What devices may read, and must see; what they may write. Of all mappings.
    std::vector<DeviceView> may_read() const;
    std::vector<DeviceView> may_write() const;
    // What a device line that reads names, past the end of its mapping too, up to the first byte that it need not see.
    std::optional<DeviceView> asked(uint8_t mapping, uint32_t offset, uint32_t size) const;

private:
    using Bytes = std::vector<uint8_t>;
    struct Part {  // a piece
        Piece piece;
        uint32_t start;  // in its mapping
        bool live = false;
        bool handed = false;  // no question after the map's error is open: before its answer no CPU looks
        Bytes owned;          // by byte: the device's
        bool device_owns(uint32_t at) const;
        uint32_t end() const { return piece.offset + piece.size; }
    };
    struct Buffer {
        bool known = false, live = false, image = false;
        Bytes content;
        Bytes given_up;
        Bytes lagging;  // an unordered write since the last hand-over: a device may see old bytes or new ones
        Bytes posted;   // a device has written while the CPU looks: the CPU need not have seen it yet
        uint32_t size() const { return static_cast<uint32_t>(content.size()); }
    };

    std::vector<Stretch> write_through(const Part& part, uint32_t offset, uint32_t size, uint8_t tag, bool posts);
    void hand_over(Part& part, uint32_t offset, uint32_t size, bool to_device);
    void seen_by_cpu(const Part& part, uint32_t offset, uint32_t size);
    void add_views(const Part& part, uint32_t from, uint32_t to, std::vector<DeviceView>& out) const;
    bool lives(uint8_t buffer) const { return buffers_[buffer].known && buffers_[buffer].live; }

    std::vector<Part> parts_;
    std::array<Buffer, buffers_with_stack> buffers_;
};

}  // namespace dmafuzz
