# SPDX-License-Identifier: GPL-2.0-only
"""The sentences of an explanation, one for each kind of step that a witness can have.

Names in braces are filled in from the step (explain.py):
  {call}     the actor and its operation: "cpu0's unmap_page", "d0's write through m0"
  {cpu}      the CPU of the operation
  {actor}    what writes: "cpu0", "d0, through m0,"
  {device}   the device that writes, or that the call is for
  {writer}   the mapping through which a device writes
  {bytes}    the bytes in question: "b0[0..63]"
  {buffer}   their buffer
  {place}    where the witness's copy of them is: "memory", "m0's bounce buffer", "the old page"
  {source}   where the copy was before
  {earlier}  the device that wrote before
A copy in a cacheline is named by the memory below it.
"""

from __future__ import annotations

from dmafuzz._core import PlaceKind

# How a place reads, by its kind.
PLACES = {
    PlaceKind.memory: "memory",
    PlaceKind.old_page: "the old page",  # after copy-on-write has moved the owner
    PlaceKind.new_page: "the new page",
    PlaceKind.slot: "{mapping}'s bounce buffer",
}

# How data comes into being, by the operation.
BORN = {
    "alloc": "the CPU writes all of {buffer} through its cache; until its cachelines are written back, memory holds "
    "an earlier owner's data",
    "alloc-and-write-back": "the CPU writes all of {buffer}, and its cachelines are written back to memory, and stay "
    "cached",
    "alloc-and-write-back-and-drop": "the CPU writes all of {buffer}, and its cachelines are written back to memory",
    "image": "{buffer} is part of the kernel's image, which is read-only",
    "stack": "live data of the CPU's stack shares a cacheline with the buffer",
    "dma": "{call} returns {buffer}, which the CPU has written",
    "slot": "{call} takes a bounce buffer (swiotlb) for {slot}; it holds an earlier user's data",
}

# Steps of the program's own operations, by event.
ASKED = {
    "cpu-write": "{cpu} writes {bytes}: the cached copy is the newest, every other copy is stale",
    "cpu-dirty": "{cpu} writes {bytes} without regard to ownership, as user space may: the newest data is in the CPU's "
    "cache only",
    "cpu-write-beside": "{call} writes to the same cacheline, which is now dirty and holds the old {bytes}",
    "device-write": "{actor} writes {bytes} in {place}, bypassing the CPU's cache: a cached copy is stale",
    "device-write-coherent": "{actor} writes {bytes}",
    "device-write-beside": "{call} writes to the same cacheline, which is written back and evicted",
    "dirty-past-cache": "{actor} writes {bytes} in {place}, bypassing the CPU's cache",
    "written-elsewhere": "{actor} writes {bytes}, but not in {place}, which is now stale",
    "dirtied-elsewhere": "{actor} writes {bytes} without regard to ownership, as user space may, but not in {place}",
    "clean": "{call} cleans the cacheline: dirty data is written back",
    "invalidate": "{call} invalidates the cacheline: the cached copy is discarded, even if it is dirty",
    "clean-invalidate": "{call} writes the cacheline back and invalidates it",
    "fill": "{call} reads the cacheline into the cache",
    "hand-over": "{call} transfers ownership of {bytes} to {device}, which must see the last write; {place} lacks it",
    "hand-over-coherent": "{call} transfers ownership of {bytes} to {device}, which must see the last write; {place} "
    "lacks it",
    "give-up": "{call} transfers ownership of {bytes} to {device}, which is to write them; their content is undefined",
    "wild-write": "{call} is a stray write: it overwrites {bytes} in {place}",
    "wild-write-coherent": "{call} is a stray write: it overwrites {bytes}",
    "wild-copy": "{call} copies a bounce buffer back to memory that is now {bytes}: a stray write",
    "foreign-copy": "{call} copies unrelated data, from behind the mapping in its bounce buffer, over {bytes}",
    "post": "{actor} writes {bytes} in {place} while the CPU polls; the CPU need not see it yet",
    "posted-elsewhere": "{actor} writes {bytes} while the CPU polls, but not in {place}, which need not show it yet",
    "posts-due": "{call} transfers ownership to the CPU, which must see what the device has written; {place} lacks it",
    "become-foreign": "{call} frees the pages of {bytes}: they belong to another owner from now on",
    "copied": "{call} copies {bytes} from {source} to {place}, through the cache",
    "copied-cow": "{call} breaks copy-on-write: the CPU reads {source} and writes {bytes} to a new page",
    "copied-over": "{call} copies to {place}, but into the cache only: the memory below keeps its old content",
}

# Steps of the hardware, and accesses of owners between operations, by event; some sentences depend on the writer
# and on the step before.
UNASKED = {
    "drop": "the clean cacheline is evicted",
    "write-back": "the cacheline is written back to {place}, and stays cached",
    "write-back-and-drop": "the cacheline is written back to {place} and evicted",
    "write-back-over": "the dirty cacheline, which holds older data, is written back over the write of {earlier}",
    "fill": "the cacheline is filled from {place}",
    "cpu-write": "the CPU, which owns {bytes}, writes to it: the cached copy is the newest",
    "cpu-write-beside": "the CPU writes other data in the same cacheline, which is now dirty and holds the old {bytes}",
    "device-write": "{device} writes {bytes} through {writer} to {place}, bypassing the CPU's cache: a cached copy is "
    "stale",
    "device-write-by-cpu": "the CPU writes {bytes} to {place}, uncached",
    "device-write-coherent": "{device} writes {bytes} through {writer}",
    "device-write-beside": "a device writes to the same cacheline, which is written back and evicted",
    "wild-write": "{device} writes through {writer} to {bytes}: a stray write",
    "wild-write-coherent": "{device} writes through {writer} to {bytes}: a stray write",
    "written-elsewhere": "{device} writes {bytes} through {writer}, but not in {place}, which is now stale",
    "written-into-slot": "{device} writes {bytes} through {writer}, into its bounce buffer: {place} is now stale",
    "written-into-old-page": "{device} writes {bytes} through {writer}, into the old page: {place} is now stale",
    "written-by-cpu": "the CPU, which owns {bytes}, writes to it: {place} is now stale",
}

# What has become possible, by the kind of corruption; after "after op N, ".
SO = {
    "stale-cpu-data": "the CPU may read {bytes}, and may get stale data",
    "lost-cpu-write": "the CPU may read {bytes}, and its own write may be lost",
    "clobbered": "the CPU may read {bytes}, and may get unrelated data or the result of a stray write",
    "stale-device-data": "{reader} may read {bytes}, and may get stale data",
    "foreign-device-data": "{reader} may read {bytes}, and may get unrelated memory or the result of a stray write",
    "stale-cpu-read": "{call} of {bytes} may not return what was last written",
}
AFTER = "after op {op}, "

# The tracker's part: a corruption is explained, or there are other warnings, or none.
EXPLAINED = "tracker {tracker} warns of it ({warnings})"
OTHERS = "no warning covers it: those of tracker {tracker} ({warnings}) concern other cachelines or other mappings"
SILENT = "dma-debug is silent"
WHAT_PLATFORMS_ARE = "see dmafuzz list platforms"

# The answer, in one sentence without its full stop. {where}: "on 10 of 18 platforms"; {hurts}: platforms by name.
CRASHES = "{tracker}'s own code fails {where}, whatever becomes of the data"
LOST_IN_SILENCE = "Data can be lost {where}; {tracker} says nothing{more}"
LOST_AND_TOLD = "Data can be lost {where}, and {tracker} warns of it"
TRUE_ELSEWHERE = "{tracker} warns {where} where no data is at stake: true on {hurts}"
SPURIOUS_HERE = "Spurious for you: {tracker} warns {where}, where no data is at stake; true on {hurts}"
SPURIOUS = "Spurious: {tracker} warns {where}, and no data is at stake on any platform"
OTHER_HARM = "No data is lost {where}, but {tracker} warns of another harm"
NOTHING_LOST = "Nothing is lost {where}, and {tracker} says nothing"
NOT_OF_THIS = " of it (it warns of {warnings}, which is about something else)"
KEPT_IN_SHORT = "the program breaks no rule of the contract"
NO_REPAIR = "No small change is known that is clean and silent on all platforms."

# Where a mapping has no memory behind it.
FAILED = (
    "the map of {mapping} fails on this platform, and dma_mapping_error() is {checked}: the device uses "
    "DMA_MAPPING_ERROR as an address"
)
UNCHECKED = "not checked"
CHECKED_LATE = "checked after that only (op {op})"
VOID = (
    "the mapping does not reach the buffer there: its address is unmapped already, the memory is not contiguous, or "
    "the device's limits are exceeded"
)

BROKEN = "Contract: the program breaks"
KEPT = "Contract: the program breaks no rule."
KEPT_BUT_CORRUPT = (
    "Contract: the program breaks no rule, but its data is corrupt: the platform or the contract is at fault, "
    "not a driver."
)
KEPT_BUT_WARNED = "Contract: the program breaks no rule, but the tracker warns."
