// SPDX-License-Identifier: GPL-2.0-only
/* The table of warnings. Of it are made the core's enumeration and names (core/tracker/tracker.hpp) and the ids in
 * which a kernel's own code reports (abi.h), in the order of the specification's table. What each means, and what
 * kernels print of it, is in dmafuzz/checks/checks.toml. */
#ifndef DK_WARNINGS_H
#define DK_WARNINGS_H

/* WARNING(id of a kernel's own code, name in the core, name, does the tracker not survive it) */
#define DK_WARNINGS(WARNING) \
    WARNING(DK_UNKNOWN, unknown, "unknown", 0) \
    WARNING(DK_FREE_INVALID, free_invalid, "free-invalid", 0) \
    WARNING(DK_FREE_UNALLOCATED, free_unallocated, "free-unallocated", 0) \
    WARNING(DK_FREE_SIZE, free_size, "free-size", 0) \
    WARNING(DK_FREE_WRONG_FUNCTION, free_wrong_function, "free-wrong-function", 0) \
    WARNING(DK_FREE_CPU_ADDRESS, free_cpu_address, "free-cpu-address", 0) \
    WARNING(DK_FREE_SG_COUNT, free_sg_count, "free-sg-count", 0) \
    WARNING(DK_FREE_DIRECTION, free_direction, "free-direction", 0) \
    WARNING(DK_FREE_UNCHECKED, free_unchecked, "free-unchecked", 0) \
    WARNING(DK_FREE_ATTRIBUTES, free_attributes, "free-attributes", 0) \
    WARNING(DK_SYNC_UNALLOCATED, sync_unallocated, "sync-unallocated", 0) \
    WARNING(DK_SYNC_RANGE, sync_range, "sync-range", 0) \
    WARNING(DK_SYNC_DIRECTION, sync_direction, "sync-direction", 0) \
    WARNING(DK_SYNC_READ_ONLY_FOR_CPU, sync_read_only_for_cpu, "sync-read-only-for-cpu", 0) \
    WARNING(DK_SYNC_WRITE_ONLY_FOR_DEVICE, sync_write_only_for_device, "sync-write-only-for-device", 0) \
    WARNING(DK_SYNC_SG_COUNT, sync_sg_count, "sync-sg-count", 0) \
    WARNING(DK_MAP_STACK, map_stack, "map-stack", 0) \
    WARNING(DK_MAP_TEXT_RODATA, map_text_rodata, "map-text-rodata", 0) \
    WARNING(DK_MAP_INVALID_AREA, map_invalid_area, "map-invalid-area", 0) \
    WARNING(DK_MAP_VMALLOC, map_vmalloc, "map-vmalloc", 0) \
    WARNING(DK_SG_TOO_LONG, sg_too_long, "sg-too-long", 0) \
    WARNING(DK_SG_BOUNDARY, sg_boundary, "sg-boundary", 0) \
    WARNING(DK_LINE_OVERLAP, line_overlap, "line-overlap", 0) \
    WARNING(DK_OVERLAP_7, overlap_beyond_7, "overlap>7", 0) \
    WARNING(DK_LINE_ENOMEM, line_enomem, "line-enomem", 0) \
    WARNING(DK_ASSERT_IDLE, assert_idle, "assert-idle", 0) \
    WARNING(DK_LEAK, leak, "leak", 0) \
    WARNING(DK_RESOURCE_RAM, resource_ram, "resource-ram", 0) \
    WARNING(DK_CRASH, crash, "crash", 1) \
    WARNING(DK_HANG, hang, "hang", 1) \
    WARNING(DK_DEADLOCK, deadlock, "deadlock", 1)

#endif
