# SPDX-License-Identifier: GPL-2.0-only
"""The hook calls of a program, as the tracker sees them: a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz import _core
from dmafuzz import program as language
from dmafuzz._core import HookCall
from dmafuzz.verdicts import Judging

_NOTHING = "-"
# Hook calls that take an address or a device only.
_WITHOUT_SIZE = ("mapping_error", "unbind", "cow")
_WITHOUT_DIRECTION = (*_WITHOUT_SIZE, "map_single_area")


def hook_lines(program: language.Program, bench: Judging, platform: str) -> Iterator[str]:
    """One line for each call, with the warnings of its operation.

    The number of the operation counts from 0, tidy-up included. Addresses and sizes are in bytes; a list entry is its
    physical address and length, an arrow, its DMA address and length.
    """
    calls = bench.hooks(program, platform)
    warnings = _warnings(bench, program, platform)
    for number, call in enumerate(calls):
        fired = warnings.get(call.op, []) if _is_last_that_warns(calls, number) else []
        yield _line(call) + (f"  warns: {', '.join(fired)}" if fired else "")


def _is_last_that_warns(calls: Sequence[HookCall], number: int) -> bool:
    """Whether no later hook of the operation can warn, by which warnings are known. mapping_error never does."""
    call = calls[number]
    later = (c for c in calls[number + 1 :] if c.op == call.op and c.hook != "mapping_error")
    return call.hook != "mapping_error" and next(later, None) is None


def _warnings(bench: Judging, program: language.Program, platform: str) -> dict[int, list[str]]:
    """The ids of the warnings, by operation."""
    fired: dict[int, list[str]] = {}
    for warning in bench.judge(program, platform).warnings:
        fired.setdefault(warning.op, []).append(warning.id)
    return fired


def _line(call: HookCall) -> str:
    hook = call.hook
    words = [
        f"op={call.op}",
        f"cpu{call.cpu}",
        f"d{call.device}",
        hook,
        _NOTHING if call.mapping is None else f"m{call.mapping}",
        f"phys={_address(call.phys)}",
        f"dma={_address(call.dma)}",
        f"size={_NOTHING if hook in _WITHOUT_SIZE else call.size}",
        f"dir={_NOTHING if hook in _WITHOUT_DIRECTION else call.direction.name.upper()}",
        f"attrs={_attrs(call.attrs)}",
    ]
    return " ".join([*words, *_entries(call)])


def _entries(call: HookCall) -> list[str]:
    if not call.entries:
        return []
    entries = [f"{e.phys:#x}+{e.size}->{e.dma:#x}+{e.dma_size}" for e in call.entries]
    mapped = [f"mapped={call.mapped}"] if call.hook == "map_sg" else []
    return [f"nents={len(entries)}", *mapped, f"list={','.join(entries)}"]


def _address(address: int) -> str:
    """No memory, IOVA or slot is at 0: a hook that has no such address holds 0 there."""
    return f"{address:#x}" if address else _NOTHING


def _attrs(attrs: int) -> str:
    return ",".join(name for bit, name in enumerate(_core.ATTRS) if attrs >> bit & 1) or "none"
