# SPDX-License-Identifier: GPL-2.0-only
"""What must not run outside a guest: programs that could touch memory that is not their own.

Which rules a program breaks, and where, is the core's; here it says which of them reach beyond the program's memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmafuzz._core import HarmKind, Op, OpKind, Rule, matching_end, traits
from dmafuzz.program import Program, render_op
from dmafuzz.program.kinds import DEVICE_ACCESSES
from dmafuzz.reporting.breaches import breach_sentence
from dmafuzz.verdicts import Judgement

_DEVICE_WRITES = (OpKind.device_write, OpKind.device_post)
# Broken by any operation, these lead a call or a device to memory of others: by another address, another function or
# device, a second end, a place beyond the end, memory that is no longer mapped.
_ANYWHERE = (
    Rule.no_stack,
    Rule.no_vmalloc,
    Rule.no_kernel_image,
    Rule.contiguous,
    Rule.no_end_during_call,
    Rule.same_function,
    Rule.same_device,
    Rule.same_address,
    Rule.no_remap,
    Rule.unmap_once,
    Rule.inside,
    Rule.no_streaming_of_coherent,
    Rule.page_owner,
)
# Broken by a device's access: it is late, or not what the mapping is for.
_BY_DEVICES = (Rule.unmap_all, Rule.to_device_read_only, Rule.hands_off, Rule.check_error)
_HARMS = {
    HarmKind.fault: "a device's access that an IOMMU would have to stop",
    HarmKind.oops: "the kernel faults",
    HarmKind.wrong_free: "memory of another owner is freed",
}


@dataclass(frozen=True)
class Danger:
    """Why a program could touch memory that is not its own, and in which operation."""

    op: int
    why: str

    def sentence(self, ops: Sequence[Op]) -> str:
        return f"op {self.op} ({render_op(ops[self.op])}): {self.why}"


def dangers(program: Program, judgements: Sequence[Judgement]) -> list[Danger]:
    """All of them, in the order of operations; ``judgements``: of the program on each platform that it may meet."""
    found = [*_of_program(program.ops)]
    for judgement in judgements:
        found += _of_judgement(judgement)
    first: dict[int, Danger] = {}
    for danger in found:
        first.setdefault(danger.op, danger)
    return sorted(first.values(), key=lambda danger: danger.op)


def _of_judgement(judgement: Judgement) -> Iterator[Danger]:
    for breach in judgement.contract:
        by_device = judgement.ops[breach.op].kind in DEVICE_ACCESSES
        if breach.rule in _ANYWHERE or (breach.rule in _BY_DEVICES and by_device):
            yield Danger(breach.op, breach_sentence(breach, judgement.ops))
    for harm in judgement.harms:
        if harm.kind in _HARMS:
            yield Danger(harm.op, _HARMS[harm.kind])


def _of_program(ops: Sequence[Op]) -> Iterator[Danger]:
    """What the text alone says. A rule's first breach may be a harmless one; these are looked at one by one."""
    made: dict[int, Op] = {}
    live: set[int] = set()
    for number, op in enumerate(ops):
        if op.kind == OpKind.cow:
            yield Danger(number, "copy-on-write leaves a mapping with a page that is given away")
        if traits(op.kind).defines_mapping:
            made[op.mapping] = op
            live.add(op.mapping)
        elif op.kind in DEVICE_ACCESSES:
            yield from _of_access(number, op, made[op.mapping], op.mapping in live)
        elif op.kind == OpKind.free:
            yield from _of_free(number, op.buffer, live, made)
        elif traits(op.kind).names_mapping and op.kind != OpKind.mapping_error:
            listed = made[made[op.mapping].list] if made[op.mapping].reuse_list else made[op.mapping]
            yield from _of_call(number, op, made[op.mapping], listed.entry_count)
            if _ends(op, made[op.mapping]):
                if op.mapping not in live:
                    yield Danger(number, f"m{op.mapping} has been ended already")
                live.discard(op.mapping)
                if traits(made[op.mapping].kind).defines_buffer:
                    yield from _of_free(number, made[op.mapping].buffer, live, made)


def _ends(op: Op, made: Op) -> bool:
    return op.kind.name.startswith(("unmap_", "free_")) or op.kind == matching_end(made.kind)


def _of_access(number: int, op: Op, made: Op, live: bool) -> Iterator[Danger]:
    whole = sum(entry.size for entry in made.entries) if made.kind == OpKind.map_sg else made.size
    if not live:
        yield Danger(number, f"the device's access comes after m{op.mapping} has ended")
    elif whole and op.offset + op.size > whole:
        yield Danger(number, f"the device's access goes past the end of m{op.mapping}")
    elif op.kind in _DEVICE_WRITES and made.direction.name == "to_device" and not traits(made.kind).defines_buffer:
        yield Danger(number, f"the device writes through m{op.mapping}, which is mapped TO_DEVICE")


def _of_call(number: int, op: Op, made: Op, entries: int) -> Iterator[Danger]:
    if op.given_size and made.kind != OpKind.map_sg and op.offset + op.size > made.size:
        yield Danger(number, f"more than m{op.mapping} has: {op.offset + op.size} bytes of {made.size}")
    if op.given_count and made.kind == OpKind.map_sg and op.count > entries:
        yield Danger(number, f"more entries than m{op.mapping} has: {op.count} of {entries}")
    if op.kind.name.startswith(("unmap_", "free_")) and (op.offset or op.cpu_offset):
        yield Danger(number, f"another address than that of m{op.mapping}")
    if op.kind.name.startswith(("unmap_", "free_")) and op.kind != matching_end(made.kind):
        yield Danger(number, f"another function than the one that ends m{op.mapping}")
    if op.given_device and op.device != made.device:
        yield Danger(number, f"another device than that of m{op.mapping}")


def _of_free(number: int, buffer: int, live: set[int], made: dict[int, Op]) -> Iterator[Danger]:
    for mapping in sorted(live):
        op = made[mapping]
        if buffer in ([e.buffer for e in op.entries] if op.kind == OpKind.map_sg else [op.buffer]):
            yield Danger(number, f"b{buffer} is freed, and m{mapping} still leads there")
