# SPDX-License-Identifier: GPL-2.0-only
"""The words of a drawing: what a step does to a copy, what a copy holds, who acts."""

from __future__ import annotations

# What a copy holds, beside what was last written (docs/spec/coherency.md §1).
FLAGS = {
    "fresh": "the newest bytes",
    "lagging": "behind by a write that a transfer in flight need not carry",
    "stale": "older than the last write",
    "foreign": "another owner's bytes",
    "wild": "the result of a stray write",
    "posted": "behind by what a device has posted, which the CPU need not see yet",
}

# By event: where the words stand (in the lane of the cacheline or of memory), where the data comes from, the words.
CACHE, MEMORY = "cache", "memory"
EFFECTS = {
    "drop": (CACHE, "", "evicted"),
    "write-back": (MEMORY, "left", "written back"),
    "write-back-and-drop": (MEMORY, "left", "written back, evicted"),
    "fill": (CACHE, "right", "filled"),
    "cpu-write": (CACHE, "", "CPU writes"),
    "cpu-write-beside": (CACHE, "", "dirtied by a write beside"),
    "device-write": (MEMORY, "right", "{writer} writes"),
    "device-write-coherent": (MEMORY, "right", "{writer} writes"),
    "device-write-beside": (MEMORY, "left", "written back: a device writes beside"),
    "wild-write": (MEMORY, "right", "stray write"),
    "wild-write-coherent": (MEMORY, "right", "stray write"),
    "written-elsewhere": (MEMORY, "", "written elsewhere"),
    "cpu-dirty": (CACHE, "", "CPU writes"),
    "dirty-past-cache": (MEMORY, "", "CPU writes, uncached"),
    "dirtied-elsewhere": (MEMORY, "", "written elsewhere"),
    "clean": (MEMORY, "left", "cleaned"),
    "invalidate": (CACHE, "", "invalidated"),
    "clean-invalidate": (MEMORY, "left", "cleaned, invalidated"),
    "hand-over": (MEMORY, "", "handed to the device"),
    "hand-over-coherent": (MEMORY, "", "handed to the device"),
    "give-up": (MEMORY, "", "content undefined"),
    "wild-copy": (CACHE, "", "stray copy from a slot"),
    "foreign-copy": (CACHE, "", "unrelated bytes copied here"),
    "post": (MEMORY, "right", "device posts"),
    "posted-elsewhere": (MEMORY, "", "posted elsewhere"),
    "posts-due": (MEMORY, "", "posts must show"),
    "become-foreign": (MEMORY, "", "freed: another owner's"),
    "born": (MEMORY, "", "allocated"),
    "copied": (CACHE, "", "copied from {source}"),
}

# An unasked step in a sentence, by event.
UNASKED = {
    "drop": "the clean cacheline is evicted",
    "write-back": "the dirty cacheline of {place} is written back",
    "write-back-and-drop": "the dirty cacheline of {place} is written back and evicted",
    "fill": "the cacheline is filled from {place}, speculatively or by a read",
    "cpu-write": "the CPU, which owns the bytes, writes to them",
    "cpu-write-beside": "the CPU writes other data in the same cacheline",
    "device-write": "{writer} writes through {mapping} to {place}",
    "device-write-coherent": "{writer} writes through {mapping}",
    "device-write-beside": "a device writes to the same cacheline",
    "wild-write": "{writer} writes through {mapping}, where it owns nothing any more",
    "wild-write-coherent": "{writer} writes through {mapping}, where it owns nothing any more",
    "written-elsewhere": "{writer} writes through {mapping}, but not to this memory",
}
UNASKED_CPU = "the CPU, which owns the bytes, writes to them, uncached"

PLACES = {"memory": "memory", "old-page": "the old page", "new-page": "the new page", "slot": "the slot of {mapping}"}

# What comes of it, by the kind of corruption.
OUTCOMES = {
    "stale-cpu-data": "the CPU may read stale data",
    "lost-cpu-write": "the CPU's own write may be lost",
    "clobbered": "the CPU may read unrelated data, or a stray write",
    "stale-device-data": "{reader} may read stale data",
    "foreign-device-data": "{reader} may read unrelated memory, or a stray write",
    "stale-cpu-read": "the CPU's read may return stale data",
}
READS = ("stale-cpu-data", "lost-cpu-write", "clobbered", "stale-cpu-read")  # those that a CPU reads
# What is read: the tone of its chip, and a word.
READ = {
    "stale-cpu-data": ("stale", "stale data"),
    "lost-cpu-write": ("lagging", "lost write"),
    "clobbered": ("wild", "other data"),
    "stale-device-data": ("stale", "stale data"),
    "foreign-device-data": ("foreign", "other data"),
    "stale-cpu-read": ("stale", "stale data"),
}
