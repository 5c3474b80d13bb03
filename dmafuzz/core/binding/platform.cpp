// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>

#include "binding/binding.hpp"
#include "binding/record.hpp"
#include "platform/platform.hpp"

namespace nb = nanobind;

namespace dmafuzz {

namespace {

void bind_platform_enums(nb::module_& m) {
    nb::enum_<Maintenance>(m, "Maintenance", "Cache maintenance of a range.")
        .value("none", Maintenance::none)
        .value("clean", Maintenance::clean)
        .value("invalidate", Maintenance::invalidate)
        .value("clean_invalidate", Maintenance::clean_invalidate);
    nb::enum_<Edges>(m, "Edges", "What an invalidate does on lines covered in part.")
        .value("clean", Edges::clean)
        .value("drop", Edges::drop)
        .value("whole_range", Edges::whole_range);
    nb::enum_<Iommu>(m, "Iommu", "The IOMMU of a platform.")
        .value("off", Iommu::off)
        .value("strict", Iommu::strict)
        .value("lazy", Iommu::lazy);
    nb::enum_<IommuDriver>(m, "IommuDriver", "Whose page tables the IOMMU walks.")
        .value("intel", IommuDriver::intel)
        .value("smmu", IommuDriver::smmu)
        .value("amd", IommuDriver::amd);
    nb::enum_<BounceCut>(m, "BounceCut", "What the copies of a sync or an unmap are cut to.")
        .value("never", BounceCut::never)
        .value("mapping", BounceCut::mapping)
        .value("wraps", BounceCut::wraps);
}

// A row of the table: where Python's loader finds a field in a file, and what it may be there.
struct FieldRecord {
    std::string attribute, key, values, meaning;
    nb::object value;
};

void bind_device(nb::module_& m) {
    nb::class_<Device> device(m, "Device", "What a platform says about one device.");
    device.def(nb::init<>());
#define DMAFUZZ_BIND(type, name, value, key, values, meaning) device.def_rw(#name, &Device::name, meaning);
    DMAFUZZ_DEVICE_FIELDS(DMAFUZZ_BIND)
#undef DMAFUZZ_BIND
}

void bind_table(nb::module_& m) {
    using F = FieldRecord;
    Record<F>(m, "PlatformField", "A field that a platform, or a device of one, has.")
        .field("attribute", &F::attribute, "of the Platform, or of the Device")
        .field("key", &F::key, "in a platform file: the section and the name in it; of a device only the name")
        .field("values", &F::values,
               "that a file may give: \"32 64 128\", \"0 to 512\", \"\": all; after a \"!\" one has to be given")
        .field("meaning", &F::meaning)
        .field("value", &F::value, "where a file does not give one");
    std::vector<FieldRecord> of_platform, of_device;
#define DMAFUZZ_ROW(type, name, value, key, values, meaning) \
    of_platform.push_back({#name, key, values, meaning, nb::cast(Platform().name)});
    DMAFUZZ_PLATFORM_FIELDS(DMAFUZZ_ROW)
#undef DMAFUZZ_ROW
#define DMAFUZZ_ROW(type, name, value, key, values, meaning) \
    of_device.push_back({#name, key, values, meaning, nb::cast(Device().name)});
    DMAFUZZ_DEVICE_FIELDS(DMAFUZZ_ROW)
#undef DMAFUZZ_ROW
    m.attr("PLATFORM_FIELDS") = as_tuple_of(of_platform);
    m.attr("DEVICE_FIELDS") = as_tuple_of(of_device);
}

}  // namespace

void bind_platform(nb::module_& m) {
    bind_platform_enums(m);
    bind_device(m);
    nb::class_<Platform> platform(m, "Platform", "What a machine and its kernel do for the DMA API; sizes in bytes.");
    platform.def(nb::init<>()).def_rw("name", &Platform::name);
#define DMAFUZZ_BIND(type, name, value, key, values, meaning) platform.def_rw(#name, &Platform::name, meaning);
    DMAFUZZ_PLATFORM_FIELDS(DMAFUZZ_BIND)
#undef DMAFUZZ_BIND
    platform.def_rw("devices", &Platform::devices);
    bind_table(m);
}

}  // namespace dmafuzz
