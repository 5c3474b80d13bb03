# SPDX-License-Identifier: GPL-2.0-only
"""All that can be said in the program language, a line each, and a document with comments wherever they may be."""

from __future__ import annotations

# Each form below follows these lines, so that it has everything to talk about.
SETTING = """\
dmafuzz 1
cpu0 b0 = alloc kmalloc 64
cpu0 b1 = alloc pages 8192
cpu0 b2 = alloc anonymous 8192
cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
cpu0 m1 = map_sg d0 TO_DEVICE b0:0:32 b1:64:16
cpu0 b3 m2 = alloc_coherent d0 4096
cpu0 b4 m3 = alloc_noncoherent d0 4096 BIDIRECTIONAL
cpu0 b5 m4 = alloc_noncontiguous d0 4096 BIDIRECTIONAL
cpu0 b6 = alloc mmio 4096
cpu1 irq_off
"""
SETTING_LINES = SETTING.count("\n")

ALLOCS = [
    *(f"cpu0 b9 = alloc {kind} 32" for kind in ("pages", "kmalloc", "page_cache", "anonymous", "stack", "vmalloc")),
    *(f"cpu0 b9 = alloc {kind} 4096" for kind in ("text", "rodata", "mmio")),
    *(f"cpu3 b15 = alloc {kind} 524288 high" for kind in ("pages", "page_cache", "anonymous")),
]
MAPS = [
    line + options
    for line in (
        "cpu0 m9 = map_single d0 b1 16 48 TO_DEVICE",
        "cpu1 m9 = map_page d3 b1 4096 4096 FROM_DEVICE",
        "cpu0 m31 = map_resource d0 b6 0 4096 BIDIRECTIONAL",
        "cpu0 m9 = map_sg d0 BIDIRECTIONAL b0:0:64",
        "cpu0 m9 = map_sg d0 TO_DEVICE b0:0:32 b1:64:16 b1:0:4096 b2:4096:4096",
        "cpu0 m9 = map_sg d1 FROM_DEVICE list=m1",
    )
    for options in ("", " attrs=SKIP_CPU_SYNC", " unchecked", " split", " attrs=NO_WARN,MMIO unchecked split")
]
ALLOCATION_CALLS = [
    line + options
    for line in (
        "cpu0 b9 m9 = alloc_coherent d0 4096",
        "cpu0 b9 m9 = alloc_noncoherent d0 16 FROM_DEVICE",
        "cpu0 b9 m9 = alloc_noncontiguous d2 8192 TO_DEVICE",
    )
    for options in ("", " attrs=WEAK_ORDERING", " split", " attrs=REQUIRE_COHERENT split")
]
RANGE = (" offset=16", " size=16", " size=0")
SG = (" nents=1", " nents=2")
DIRECTION = (" dir=TO_DEVICE", " dir=FROM_DEVICE", " dir=BIDIRECTIONAL")
DEVICE = (" dev=d1", " dev=d0")
ATTRS = (" attrs=none", " attrs=SKIP_CPU_SYNC,NO_WARN,WEAK_ORDERING,MMIO,IGNORE_CACHELINES,REQUIRE_COHERENT")
CPU_OFFSET = (" cpu_offset=16", " cpu_offset=4096", " cpu_offset=524288")
CALLS = [
    f"cpu0 {call}{options}"
    for call, choices in (
        *((f"sync_{kind}_for_cpu m0", (RANGE, DIRECTION, DEVICE)) for kind in ("single", "range")),
        *((f"sync_{kind}_for_device m0", (RANGE, DIRECTION, DEVICE)) for kind in ("single", "range")),
        *((f"sync_sg_for_{to} m1", (SG, DIRECTION, DEVICE)) for to in ("cpu", "device")),
        *((f"unmap_{kind} m0", (RANGE, DIRECTION, DEVICE, ATTRS)) for kind in ("single", "page", "resource")),
        ("unmap_sg m1", (SG, DIRECTION, DEVICE, ATTRS)),
        ("free_coherent m2", (RANGE, DEVICE, ATTRS, CPU_OFFSET)),
        ("free_noncoherent m3", (RANGE, DIRECTION, DEVICE, ATTRS, CPU_OFFSET)),
        ("free_noncontiguous m4", (RANGE, DIRECTION, DEVICE, ATTRS)),
    )
    for options in (
        "",
        " split",
        *(option for choice in choices for option in choice),
        "".join(choice[-1] for choice in choices) + " split",
    )
]
OTHERS = [
    "cpu0 free b0",
    "cpu0 write b0 0 16",
    "cpu0 read b0 16 48",
    "cpu0 dirty b1 0 8192",
    "cpu0 cow b2 0",
    "cpu0 cow b2 4096",
    "cpu0 cow b2 0 private",
    "cpu0 start m0",
    "cpu0 write b0 3 7",
    "cpu0 mapping_error m0",
    "cpu0 forget m0",
    "cpu0 unbind d3",
    "cpu0 irq_off",
    "cpu1 irq_on",
    "device m0 read 0 16",
    "device m0 write 48 16",
    "device m1 read 0 48",
    "device m0 write 1000 500000",
    "device m0 post 0 8",
]
FORMS = [*ALLOCS, *MAPS, *ALLOCATION_CALLS, *CALLS, *OTHERS]

DOCUMENT = """\
dmafuzz 1  # the first version
# Loses what the device wrote.
#   Indented, with a tab:\there.

# Now the buffers.
cpu0 b0 = alloc kmalloc 32  # shares a line

# The mapping: Überlauf, 缓存
#
cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE  # no sync
cpu0 unmap_single m0

expect tracker=6.12 platform=x86-64 labels=TN  # coherent
# On these it is lost.
expect tracker=6.12 portfolio=arm64 labels=FN warnings=none corruptions=stale-cpu-data harms=leak
# The end.

"""
