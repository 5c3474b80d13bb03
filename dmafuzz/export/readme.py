# SPDX-License-Identifier: GPL-2.0-only
"""The README of an exported module: what to expect on which machine, how to run it, how to read what comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz.confirmation import MACHINES
from dmafuzz.verdicts import Judgement, Judging
from dmafuzz.verdicts.meanings import SPOKEN

FIRST_LINE = "Use a machine that you can lose."

_BUILD = """
## Build it

    apt-get install linux-headers-$(uname -r) make gcc
    make                            # for the kernel that runs
    make KDIR=/path/to/its/build    # for another one

The kernel has to have `CONFIG_DMA_API_DEBUG=y`, and must not have been booted with `dma_debug=off`.
"""

_RUN = """
## Run it

By default dma-debug prints its first error and no other. Before the module is loaded:

    mount -t debugfs none /sys/kernel/debug 2>/dev/null
    echo 1 > /sys/kernel/debug/dma-api/all_errors

Some messages are printed once in a kernel's life all the same, so boot again before you look a second time.

    insmod dmafuzz_program.ko{parameter}
    dmesg
    rmmod dmafuzz_program

There is no device: the CPU stands in for it, and writes to the memory, or bounce buffer, that a DMA address leads to.
`dmaengine=1` lets a memcpy channel of dmaengine do it, where the machine has one; all devices are then that channel's,
with its IOMMU. On machines whose devices are not coherent the CPU cannot stand in for one, and the module says so.

## Read the result

The log has KTAP: a plan (`1..N`), and a line for each look at memory. `ok` means that every byte is what was written
last; `not ok` means that data was lost, and the line above it says which byte. Before each operation stands a line
`# op N: ...`: what dma-debug says after it (`DMA-API: ...`) is about this operation. `Bail out!` means that this
machine fails a map that the program needs; everything has been given back then.
"""


def readme(name: str, judging: Judging, judgements: Sequence[Judgement], platform: str, text: Sequence[str]) -> str:
    """``judgements``: one for each platform; ``platform``: whose loss the module shows; ``text``: the program."""
    lines = [FIRST_LINE, "", f"# {name}", "", "```dma", *text, "```", "", "## What to expect", ""]
    lines += [*_table(judgements), "", "A kernel is one of these platforms with:", "", *_machines(), ""]
    lines += ["What takes a CPU cache (arm, mips, powerpc, riscv) may be seen, and need not be.", ""]
    lines += [f"On {platform}, for which this module was written (tracker {judging.tracker.name}):", ""]
    return "\n".join(lines)


def told(program_story: Sequence[str], dangers: Sequence[str], guest_only: bool) -> str:
    """What comes after the table: the story, dangers, how to build, run and read."""
    lines = ["```text", *program_story, "```", ""]
    if guest_only:
        lines += [
            "## It may harm the machine",
            "",
            "It loads only under a hypervisor, with `i_accept_data_loss=1`:",
            "",
        ]
        lines += [*(f"- {danger}" for danger in dangers), ""]
    parameter = " i_accept_data_loss=1" if guest_only else ""
    return "\n".join(lines) + _BUILD + _RUN.format(parameter=parameter)


def _table(judgements: Sequence[Judgement]) -> Iterator[str]:
    yield "| platform | verdict | dma-debug warns | data that is lost |"
    yield "|---|---|---|---|"
    for judgement in judgements:
        labels = ", ".join(SPOKEN.get(label, label) for label in judgement.labels)
        warnings = ", ".join(f"{w.id} (op {w.op})" for w in judgement.warnings) or "-"
        losses = ", ".join(dict.fromkeys(f"{c.kind} (op {c.op})" for c in judgement.corruptions)) or "-"
        yield f"| {judgement.platform} | {labels} | {warnings} | {losses} |"


def _machines() -> Iterator[str]:
    for machine in MACHINES:
        with_what = f"`{machine.option}` on its command line" if machine.option else "nothing on its command line"
        yield f"- {', '.join(machine.platforms)}: {machine.title}; {with_what}"
