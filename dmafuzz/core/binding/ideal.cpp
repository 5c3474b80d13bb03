// SPDX-License-Identifier: GPL-2.0-only
// The ideal memory, for those who compare it with a real one.
#include "binding/ideal.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/record.hpp"
#include "coherency/ideal.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

// A buffer of a program: what comes from outside is checked once, here.
uint8_t buffer_of(int number) {
    if (number < 0 || number >= buffers_with_stack) throw nb::index_error("no buffer of that number");
    return static_cast<uint8_t>(number);
}

void born(IdealMemory& ideal, int buffer, const nb::bytes& content, bool image) {
    const auto* from = reinterpret_cast<const uint8_t*>(content.c_str());
    ideal.born(buffer_of(buffer), std::vector<uint8_t>(from, from + content.size()), image);
}

nb::bytes content(const IdealMemory& ideal, int buffer, uint32_t offset, uint32_t size) {
    const std::vector<uint8_t> all = ideal.content(buffer_of(buffer), offset, size);
    return nb::bytes(reinterpret_cast<const char*>(all.data()), all.size());
}

void bind_ideal_parts(nb::module_& m) {
    Record<Stretch>(m, "Stretch", "Bytes that lie together.")
        .field("offset", &Stretch::offset, "of the first")
        .field("size", &Stretch::size, "in bytes");
    Record<DeviceView>(m, "DeviceView", "Bytes of a buffer that a device reaches through a mapping.")
        .field("mapping", &DeviceView::mapping)
        .field("buffer", &DeviceView::buffer)
        .field("start", &DeviceView::start, "in the mapping, in bytes")
        .field("offset", &DeviceView::offset, "in the buffer, in bytes")
        .field("size", &DeviceView::size, "in bytes");
}

}  // namespace

void bind_ideal(nb::module_& m) {
    bind_ideal_parts(m);
    using I = IdealMemory;
    nb::class_<I>(
        m, "IdealMemory",
        "What every byte of a program's buffers should hold on a machine that loses nothing, and who may look "
        "at it or write it: fed with a run's steps, one operation at a time. Offsets and sizes in bytes, of "
        "buffers unless it says otherwise; what is written are tags, from 0 to 255.")
        .def(nb::init<const std::vector<Piece>&>(), "pieces"_a)
        .def("born", &born, "buffer"_a, "content"_a, "image"_a = false,
             "A buffer that holds this from now on; image: of the kernel's text or rodata, which nobody writes.")
        .def("step", &I::step, "step"_a, "tag"_a, "A step of a run; tag: what its operation writes.")
        .def(
            "write",
            [](I& ideal, int buffer, uint32_t offset, uint32_t size, uint8_t tag) {
                ideal.write(buffer_of(buffer), offset, size, tag, false);
            },
            "buffer"_a, "offset"_a, "size"_a, "tag"_a, "A CPU writes, unasked.")
        .def("device_write", &I::device_write, "mapping"_a, "buffer"_a, "offset"_a, "size"_a, "tag"_a,
             "A well-behaved device writes what it owns of a range; what of its mapping that is.")
        .def(
            "buffers",
            [](const I& ideal) {
                const std::vector<uint8_t> live = ideal.buffers();
                return std::vector<int>(live.begin(), live.end());
            },
            "Those that live.")
        .def("content", &content, "buffer"_a, "offset"_a, "size"_a)
        .def("expected", &I::expected, "buffer"_a, "offset"_a, "size"_a,
             "The parts of a range of which something in particular is expected, whoever looks.")
        .def("readable", &I::readable, "buffer"_a, "What the CPU may read, and of which something is expected.")
        .def("unmapped", &I::unmapped, "buffer"_a, "Where no live mapping is: the CPU may write there unasked.")
        .def("views", &I::views, "mapping"_a, "buffer"_a, "offset"_a, "size"_a,
             "What the device of a mapping may read of a range, and must see.")
        .def("may_read", &I::may_read, "What devices may read, and must see.")
        .def("may_write", &I::may_write, "What devices may write.")
        .def("asked", &I::asked, "mapping"_a, "offset"_a, "size"_a,
             "What a device's line that reads names of one entry, of the last one past the mapping's end too, up to "
             "the first byte that it need not see; None if its device may not read.");
}

}  // namespace dmafuzz
