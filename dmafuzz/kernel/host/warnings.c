/* Warning ids: by a distinctive part of the format string. */
#include <stddef.h>
#include <string.h>

#include "../abi.h"

static const struct {
    const char *part;
    int id;   /* enum dk_id, or -1: a message that judges nothing */
} formats[] = {
    {"Mapped at:", -1},
    {"free an invalid DMA memory", DK_FREE_INVALID},
    {"free DMA memory it has not allocated", DK_FREE_UNALLOCATED},
    {"frees DMA memory with different size", DK_FREE_SIZE},
    {"frees DMA memory with wrong function", DK_FREE_WRONG_FUNCTION},
    {"frees DMA memory with different CPU address", DK_FREE_CPU_ADDRESS},
    {"frees DMA sg list with different entry count", DK_FREE_SG_COUNT},
    {"frees DMA memory with different direction", DK_FREE_DIRECTION},
    {"failed to check map error", DK_FREE_UNCHECKED},
    {"frees DMA memory with different attributes", DK_FREE_ATTRIBUTES},
    {"sync DMA memory it has not allocated", DK_SYNC_UNALLOCATED},
    {"syncs DMA memory outside allocated range", DK_SYNC_RANGE},
    {"syncs DMA memory with different direction", DK_SYNC_DIRECTION},
    {"syncs device read-only DMA memory for cpu", DK_SYNC_READ_ONLY_FOR_CPU},
    {"syncs device write-only DMA memory to device", DK_SYNC_WRITE_ONLY_FOR_DEVICE},
    {"syncs DMA sg list with different entry count", DK_SYNC_SG_COUNT},
    {"maps memory from stack", DK_MAP_STACK},
    {"maps memory fromstack", DK_MAP_STACK},   /* a blank was missing */
    {"maps memory from kernel text or rodata", DK_MAP_TEXT_RODATA},
    {"maps memory from invalid area", DK_MAP_INVALID_AREA},
    {"maps memory from vmalloc area", DK_MAP_VMALLOC},
    {"sg segment longer than device", DK_SG_TOO_LONG},
    {"sg segment across boundary", DK_SG_BOUNDARY},
    {"tracking EEXIST", DK_LINE_OVERLAP},
    {"overlapping mappings of", DK_OVERLAP_7},
    {"tracking ENOMEM", DK_LINE_ENOMEM},
    {"cpu touching an active dma mapped", DK_ASSERT_IDLE},
    {"pending DMA allocations while released", DK_LEAK},
    {"dma_map_resource called for RAM", DK_RESOURCE_RAM},
};

int dk_classify(const char *format) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i)
        if (strstr(format, formats[i].part)) return formats[i].id < 0 ? -1 : formats[i].id + 1;
    return DK_UNKNOWN + 1;
}

static const char *const names[DK_IDS] = {
    "unknown",
    "free-invalid",
    "free-unallocated",
    "free-size",
    "free-wrong-function",
    "free-cpu-address",
    "free-sg-count",
    "free-direction",
    "free-unchecked",
    "free-attributes",
    "sync-unallocated",
    "sync-range",
    "sync-direction",
    "sync-read-only-for-cpu",
    "sync-write-only-for-device",
    "sync-sg-count",
    "map-stack",
    "map-text-rodata",
    "map-invalid-area",
    "map-vmalloc",
    "sg-too-long",
    "sg-boundary",
    "line-overlap",
    "overlap>7",
    "line-enomem",
    "assert-idle",
    "leak",
    "resource-ram",
    "crash",
    "hang",
    "deadlock",
};

__attribute__((visibility("default"))) const char *dmafuzz_kernel_warning_name(int id) {
    return id >= 0 && id < DK_IDS ? names[id] : names[DK_UNKNOWN];
}
