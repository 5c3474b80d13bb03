// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/mm.h>

/* Where the kernel's text is not in the linear map, no linear address meets it. */
#define dk_image(offset) ((char *)(dk_now.machine.text_in_linear_map ? __va(offset) : NULL))
#define _stext dk_image(0x8000)
#define _text _stext
#define _etext dk_image(0xc000)
#define __start_rodata dk_image(0xc000)
#define __end_rodata dk_image(0x10000)

static inline bool memory_contains(void *begin, void *end, void *p, size_t size) {
    return p >= begin && p + size <= end;
}

static inline bool memory_intersects(void *begin, void *end, void *p, size_t size) {
#ifdef DK_OLD_INTERSECTS
    return (p >= begin && p < end) || (p + size >= begin && p + size < end);
#else
    return p < end && p + size > begin;
#endif
}
