#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>

#include "binding/binding.hpp"
#include "platform/platform.hpp"

namespace nb = nanobind;

namespace dmafuzz {

namespace {

void bind_enums(nb::module_& m) {
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

void bind_device(nb::module_& m) {
    nb::class_<Device>(m, "Device", "What a platform says about one device.")
        .def(nb::init<>())
        .def_rw("coherent", &Device::coherent)
        .def_rw("mask_bits", &Device::mask_bits)
        .def_rw("pci", &Device::pci)
        .def_rw("iommu", &Device::iommu)
        .def_rw("segment_max", &Device::segment_max)
        .def_rw("segment_boundary", &Device::segment_boundary)
        .def_rw("truncates", &Device::truncates)
        .def_rw("wraps", &Device::wraps);
}

}  // namespace

void bind_platform(nb::module_& m) {
    bind_enums(m);
    bind_device(m);
    nb::class_<Platform>(m, "Platform", "What a machine and its kernel do for the DMA API; sizes in bytes.")
        .def(nb::init<>())
        .def_rw("name", &Platform::name)
        .def_rw("line", &Platform::line)
        .def_rw("l1_line", &Platform::l1_line)
        .def_rw("dma_alignment", &Platform::dma_alignment)
        .def_rw("dma_alignment_min", &Platform::dma_alignment_min)
        .def_rw("kmalloc_alignment", &Platform::kmalloc_alignment)
        .def_rw("speculates", &Platform::speculates)
        .def_rw("edges", &Platform::edges)
        .def_rw("for_device", &Platform::for_device)
        .def_rw("for_cpu", &Platform::for_cpu)
        .def_rw("bounce_slots", &Platform::bounce_slots)
        .def_rw("bounce_pool", &Platform::bounce_pool)
        .def_rw("bounce_always", &Platform::bounce_always)
        .def_rw("bounce_unaligned", &Platform::bounce_unaligned)
        .def_rw("copy_in_from_device", &Platform::copy_in_from_device)
        .def_rw("sync_from_device_copies_in", &Platform::sync_from_device_copies_in)
        .def_rw("skip_sync_copies_in", &Platform::skip_sync_copies_in)
        .def_rw("bounce_areas", &Platform::bounce_areas)
        .def_rw("bounce_gone_round", &Platform::bounce_gone_round)
        .def_rw("bounce_cut", &Platform::bounce_cut)
        .def_rw("list_keeps_bounce_mark", &Platform::list_keeps_bounce_mark)
        .def_rw("iommu", &Platform::iommu)
        .def_rw("iommu_driver", &Platform::iommu_driver)
        .def_rw("iommu_looks_first", &Platform::iommu_looks_first)
        .def_rw("iommu_write_only", &Platform::iommu_write_only)
        .def_rw("iommu_ends_whole", &Platform::iommu_ends_whole)
        .def_rw("iommu_flushes", &Platform::iommu_flushes)
        .def_rw("stacks_in_vmalloc", &Platform::stacks_in_vmalloc)
        .def_rw("map_single_vmalloc_fails", &Platform::map_single_vmalloc_fails)
        .def_rw("text_in_linear_map", &Platform::text_in_linear_map)
        .def_rw("image_in_vmalloc", &Platform::image_in_vmalloc)
        .def_rw("image_read_only", &Platform::image_read_only)
        .def_rw("vmalloc_high", &Platform::vmalloc_high)
        .def_rw("coherent_in_vmalloc", &Platform::coherent_in_vmalloc)
        .def_rw("coherent_remaps", &Platform::coherent_remaps)
        .def_rw("atomic_pool", &Platform::atomic_pool)
        .def_rw("mismatched_aliases_hit", &Platform::mismatched_aliases_hit)
        .def_rw("devices", &Platform::devices);
}

}  // namespace dmafuzz
