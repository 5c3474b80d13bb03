"""The sentences of an explanation, one for each kind of step that a witness can have.

Names in braces are filled in from the step (explain.py):
  {call}     who acts and with what: "cpu0's unmap_page", "d0's write through m0"
  {cpu}      the CPU of the operation
  {actor}    who writes: "cpu0", "d0, through m0,"
  {device}   the device that writes, or that the call is for
  {writer}   the mapping through which a device writes
  {bytes}    the bytes in question: "b0[0..63]"
  {buffer}   their buffer
  {place}    where the witness's copy of them is: "memory", "m0's bounce slot", "the old page"
  {source}   where the copy was before
  {earlier}  the device that wrote before
A copy in a cache line is named by the memory below it.
"""

from __future__ import annotations

# How a place reads, by its name in a witness; slots are "slot mN" there.
MEMORY = "memory"
OLD_PAGE = "the old page"  # after copy-on-write has moved the owner
NEW_PAGE = "the new page"
SLOT = "{mapping}'s bounce slot"

# How data comes into being, by the operation.
BORN = {
    "alloc": "the CPU writes all of {buffer} through its cache; until its lines are written back, memory holds the "
    "bytes of an earlier owner",
    "alloc-and-write-back": "the CPU writes all of {buffer}, and its cache lines are written back to memory, and kept",
    "alloc-and-write-back-and-drop": "the CPU writes all of {buffer}, and its cache lines are written back to memory",
    "image": "{buffer} is part of the kernel's image, which nobody may write",
    "stack": "the CPU's stack shares a cache line with the buffer, and holds live data there",
    "dma": "{call} hands out {buffer}, which the CPU has written",
    "slot": "{call} takes a bounce slot for {slot}; it holds an earlier user's bytes",
}

# Steps of the program's own operations, by event.
ASKED = {
    "cpu-write": "{cpu} writes {bytes}: the cached copy is the newest, every other one is out of date",
    "cpu-dirty": "{cpu} writes {bytes}, unordered, as user space may: the newest bytes are in its cache only",
    "cpu-write-beside": "{call} writes to the same cache line, which is dirty now, {bytes} in it as they were",
    "device-write": "{actor} writes {bytes} in {place}, past the cache: a cached copy is out of date",
    "device-write-coherent": "{actor} writes {bytes}",
    "device-write-beside": "{call} writes to the same cache line, which is written back and dropped",
    "dirty-past-cache": "{actor} writes {bytes} in {place}, past the cache",
    "written-elsewhere": "{actor} writes {bytes}, but not in {place}, which is out of date now",
    "dirtied-elsewhere": "{actor} writes {bytes}, unordered, as user space may, but not in {place}",
    "clean": "{call} cleans the cache line: what was dirty is written back",
    "invalidate": "{call} invalidates the cache line: the cached copy is gone, dirty or not",
    "clean-invalidate": "{call} writes the cache line back and drops it",
    "fill": "{call} reads the line into the cache",
    "hand-over": "{call} hands {bytes} to {device}, which must see all that was written; {place} lacks it",
    "hand-over-coherent": "{call} hands {bytes} to {device}, which must see all that was written; {place} lacks it",
    "give-up": "{call} hands {bytes} to {device} to be written; what they held no longer matters",
    "wild-write": "{call}, which is not entitled to it, overwrites {bytes} in {place}",
    "wild-write-coherent": "{call}, which is not entitled to it, overwrites {bytes}",
    "wild-copy": "{call} copies a bounce slot back to memory that is {bytes} now",
    "foreign-copy": "{call} copies what lies behind a bounce slot's mapping, bytes of somebody else, over {bytes}",
    "post": "{actor} writes {bytes} in {place} while the CPU polls; the CPU need not have seen it yet",
    "posted-elsewhere": "{actor} writes {bytes} while the CPU polls, but not in {place}, which need not show it yet",
    "posts-due": "{call} is where the CPU is meant to see what the device has written, and {place} lacks it",
    "become-foreign": "{call} frees the pages of {bytes}: they belong to somebody else from now on",
    "copied": "{call} copies {bytes} from {source} to {place}, through the cache",
    "copied-cow": "{call} breaks copy-on-write: the CPU reads {source} and writes {bytes} to a new page",
    "copied-over": "{call} copies to {place}, but into the cache only: the memory below holds what it held",
}

# Steps that nobody asked for, by event; some read differently for who writes and what came before.
UNASKED = {
    "drop": "the cache line, which is clean, is dropped",
    "write-back": "the cache line is written back to {place}, and kept",
    "write-back-and-drop": "the cache line is written back to {place} and dropped",
    "write-back-over": "the cache line, with older bytes, is written back over what {earlier} wrote",
    "fill": "the cache line is filled from {place}",
    "cpu-write": "the CPU, which owns {bytes}, writes them: the cached copy is the newest",
    "cpu-write-beside": "the CPU writes what it owns in the same cache line, which is dirty now, {bytes} as they were",
    "device-write": "{device} writes {bytes} through {writer} to {place}, past the cache: a cached copy is out of date",
    "device-write-by-cpu": "the CPU writes {bytes} to {place}, past its cache",
    "device-write-coherent": "{device} writes {bytes} through {writer}",
    "device-write-beside": "a device writes to the same cache line, which is written back and dropped",
    "wild-write": "{device} writes through {writer} to {bytes}, which it may not write",
    "wild-write-coherent": "{device} writes through {writer} to {bytes}, which it may not write",
    "written-elsewhere": "{device} writes {bytes} through {writer}, but not in {place}, which is out of date now",
    "written-into-slot": "{device} writes {bytes} through {writer}, into its bounce slot: {place} is out of date now",
    "written-into-old-page": "{device} writes {bytes} through {writer}, into the old page: {place} is out of date now",
    "written-by-cpu": "the CPU, which owns {bytes}, writes them: {place} is out of date now",
}

# What has become possible, by the kind of corruption; after "after op N, ".
SO = {
    "stale-cpu-data": "the CPU may read {bytes}, and may see something older than what was last written",
    "lost-cpu-write": "the CPU may read {bytes}, and may find its own write gone",
    "clobbered": "the CPU may read {bytes}, and may see bytes of somebody else, or written without right",
    "stale-device-data": "{reader} may read {bytes}, and may get something older than what was last written",
    "foreign-device-data": "{reader} may read {bytes}, and may get bytes of somebody else, or written without right",
    "stale-cpu-read": "{call} of {bytes} may see something else than what was last written",
}
AFTER = "after op {op}, "

# What the tracker makes of it: a corruption is explained, or there are other warnings, or none.
EXPLAINED = "tracker {tracker} warns of it ({warnings})"
OTHERS = "no warning covers it: what tracker {tracker} warns of ({warnings}) concerns other lines, or other mappings"
SILENT = "dma-debug is silent"

# Where a mapping leads nowhere.
FAILED = "the map of {mapping} fails on this platform, and its error is not checked: the device uses the error cookie"
VOID = (
    "the mapping leads nowhere there: the address has been torn down, the memory is not contiguous, or the device's "
    "limits are exceeded"
)

BROKEN = "Contract: the program breaks"
KEPT = "Contract: the program breaks no rule."
KEPT_BUT_CORRUPT = (
    "Contract: the program breaks no rule, and is corrupt all the same: look at the platform or at the contract, "
    "not at a driver."
)
KEPT_BUT_WARNED = "Contract: the program breaks no rule, and is warned about all the same."
