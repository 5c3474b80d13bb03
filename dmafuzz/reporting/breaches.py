# SPDX-License-Identifier: GPL-2.0-only
"""A broken rule of the contract in a sentence: which operation breaks it, and at which mapping.

The core says where a rule is broken; nothing is judged again here.
"""

from __future__ import annotations

from collections.abc import Sequence

from dmafuzz._core import ATTRS, Breach, Op, OpKind, traits
from dmafuzz.program.kinds import FREES

# By rule. Where a rule is broken in several ways, by the kind of operation too: "sync", "free", "device" (access), or
# the operation's own name. Names in braces:
#   {mapping}  the mapping, {made} the operation that makes it, {map} what that one is called
#   {call}     the operation that breaks the rule, with its CPU; {op} its number
#   {device}   the mapping's device
#   {buffer}   the operation's buffer
SENTENCES = {
    "no-stack": "{mapping} maps memory of a stack",
    "no-vmalloc": "{call} of {mapping} is given a vmalloc address",
    "no-kernel-image": "{mapping} maps kernel text, data or rodata",
    "mask": "{mapping} maps memory beyond the mask of {device}",
    "whole-lines": "{mapping} shares a cacheline with unrelated data",
    "whole-lines alloc": "{buffer} is allocated in a cacheline of {mapping}",
    "whole-lines sync": "{call} covers a part of {mapping} that begins or ends inside a cacheline",
    "contiguous": "{mapping} maps memory as one piece that is not contiguous",
    "no-end-during-call": "{call} ends {mapping} while another CPU is inside a call on it",
    "no-end-during-call free": "{call} frees memory while another CPU is inside a call on {mapping}",
    "no-sharing": "{call} writes to a cacheline of {mapping}",
    "hands-off": "{call} accesses {buffer} while {device} owns it through {mapping}",
    "hands-off device": "{call} while the CPU owns the buffer",
    "hands-off sync": "{call} of {mapping}, which {device} owns already, and may have written",
    "sync-before-read": "{call} reads {buffer} without a sync_for_cpu of {mapping}",
    "sync-after-write": "the CPU writes to the buffer of {mapping}, and no sync for {device} follows before {call}",
    "sync-after-write start": "{mapping} is started, and no sync for {device} has come since the CPU had its buffer or "
    "wrote to it",
    "sync-after-write device": "{call}, and no sync for {device} has come since the CPU had its buffer",
    "sync-after-write mapping_error": "user space writes to the buffer of {mapping}, and no sync for {device} follows: "
    "{call} hands it over",
    "from-device-read-only": "{call} writes {buffer}, which {mapping} maps FROM_DEVICE",
    "to-device-read-only": "{call}, which is mapped TO_DEVICE",
    "same-size": "{call} passes another size than the map of {mapping}",
    "same-direction": "{call} passes another direction than the map of {mapping}",
    "same-function": "{call} does not belong to the {map} of {mapping}",
    "same-function attributes": "{call} does not belong to the {map} of {mapping}, or passes other attributes",
    "same-device": "{call} passes another device than the map of {mapping}",
    "same-nents": "{call} passes another nents than the map of {mapping}",
    "no-remap": "{call} of {mapping} maps a scatterlist that is mapped already",
    "check-error": "dma_mapping_error() is called for {mapping} (op {made}) only after {call}",
    "same-address": "{call} passes another address than that of {mapping}",
    "unmap-all": "{mapping} is still mapped at {call}",
    "unmap-all forget": "{mapping} is never unmapped",
    "unmap-all device": "{call} after {mapping} is unmapped",
    "unmap-all start": "{mapping} is started after it is unmapped",
    "unmap-once": "{call} ends {mapping} a second time",
    "inside": "{call} is not inside {mapping}, or comes after its end",
    "inside device": "{call} past its end",
    "free-with-irqs-on": "{call} of {mapping} is called with interrupts off",
    "no-streaming-of-coherent": "{mapping} is a streaming mapping of coherent memory",
    "resource-is-mmio": "{call} of {mapping} maps RAM",
    "segment-limits": "{mapping} exceeds a size limit of {device}, or crosses its segment boundary",
    "skip-sync-by-hand": "{call} does not sync {mapping} for the CPU, and no sync did before",
    "skip-sync-by-hand start": "{mapping} is started without a sync for {device}",
    "skip-sync-by-hand sync": "{call} of {mapping} without an earlier sync for {device}",
    "skip-sync-by-hand device": "{call} without an earlier sync for it",
    "skip-sync-by-hand attributes": "{call} syncs {mapping} for the CPU without an earlier sync for {device}",
    "no-conflicting-overlap": "{mapping} overlaps a live mapping, and a device writes memory that another one may "
    "access",
    "page-owner": "{call} of {mapping} maps a scatterlist whose memory has moved or been freed",
    "page-owner cow": "{call} moves a page of {buffer} that {device} may write through {mapping}",
    "page-owner sync": "{call} of {mapping}, from under which a page has moved: {device} has the old one",
    "page-owner free": "{call} frees memory under {mapping}",
}
NEVER_CHECKED = "dma_mapping_error() is never called for {mapping}"

_DEVICE_KINDS = {OpKind.device_read: "reads", OpKind.device_write: "writes", OpKind.device_post: "writes"}


def breach_sentence(breach: Breach, ops: Sequence[Op]) -> str:
    """The sentence of a breach by one of ``ops``, with the operation's number: "m0 maps memory of a stack (op 1)"."""
    op = _whole(ops, breach.op)
    names = _names(breach, op, ops)
    if breach.rule == "check-error" and not _checked_later(breach, ops):
        return f"{NEVER_CHECKED.format_map(names)} (op {names['made']})"
    template = SENTENCES.get(f"{breach.rule} {_kind(op)}", SENTENCES[breach.rule])
    if op.given_attrs and not op.attrs & 1 << ATTRS.index("SKIP_CPU_SYNC"):
        template = SENTENCES.get(f"{breach.rule} attributes", template)
    return f"{template.format_map(names)} (op {breach.op})"


def _whole(ops: Sequence[Op], number: int) -> Op:
    """The operation of that number; for a second half, the call it belongs to."""
    op = ops[number]
    if op.kind != OpKind.finish:
        return op
    return next((split for split in reversed(ops[:number]) if split.cpu == op.cpu and split.split), op)


def _kind(op: Op) -> str:
    if op.kind in _DEVICE_KINDS:
        return "device"
    if op.kind in FREES:
        return "free"
    return "sync" if op.kind.name.startswith("sync_") else str(op.kind.name)


def _made(mapping: int | None, ops: Sequence[Op]) -> int | None:
    makes = (i for i, op in enumerate(ops) if traits(op.kind).defines_mapping and op.mapping == mapping)
    return next(makes, None)


def _names(breach: Breach, op: Op, ops: Sequence[Op]) -> dict[str, object]:
    made = _made(breach.mapping, ops)
    device = ops[made].device if made is not None else 0
    mapping = f"m{breach.mapping}"
    call = f"cpu{op.cpu}'s {op.kind.name}"
    if op.kind in _DEVICE_KINDS:
        call = f"d{device} {_DEVICE_KINDS[op.kind]} through {mapping}"
    return {
        "mapping": mapping,
        "made": made,
        "map": "" if made is None else ops[made].kind.name,
        "call": call,
        "op": breach.op,
        "device": f"d{device}",
        "buffer": f"b{op.buffer}",
    }


def _checked_later(breach: Breach, ops: Sequence[Op]) -> bool:
    return any(op.kind == OpKind.mapping_error and op.mapping == breach.mapping for op in ops[breach.op :])
