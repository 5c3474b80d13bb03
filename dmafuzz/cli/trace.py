"""`dmafuzz trace`: what the tracker is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from dmafuzz import _core
from dmafuzz import program as language
from dmafuzz.verdicts import Judging, default_portfolio, judging

from . import options

_NOTHING = "-"
# Hook calls that take an address or a device only.
_WITHOUT_SIZE = ("mapping_error", "unbind", "cow")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@options.tracker
@click.option("--platform", metavar="P", help="The platform. Default: the first of the tracker's portfolio.")
def trace(file: str, tracker: str, platform: str | None) -> None:
    """Print the hook calls that a program makes, one a line, and the warnings they lead to.

    The number of the operation counts from 0, tidy-up included. Addresses and sizes are in bytes; a list entry is
    its physical address and length, an arrow, its DMA address and length.
    """
    program = language.read(file)
    bench = judging(tracker, default_portfolio(tracker))
    where = platform or bench.members[0]
    calls = bench.hooks(program, where)
    warnings = _warnings(bench, program, where)
    for number, call in enumerate(calls):
        # A call's hooks belong together; which of them warned is not told apart.
        is_last = number + 1 == len(calls) or calls[number + 1]["op"] != call["op"]
        fired = warnings.get(call["op"], []) if is_last else []
        click.echo(_line(call) + (f"  warns: {', '.join(fired)}" if fired else ""))


def _warnings(bench: Judging, program: language.Program, platform: str) -> dict[int, list[str]]:
    """The ids of the warnings, by operation."""
    fired: dict[int, list[str]] = {}
    for warning in bench.judge(program, platform).warnings:
        fired.setdefault(warning.op, []).append(warning.id)
    return fired


def _line(call: Mapping[str, Any]) -> str:
    has_size = call["hook"] not in _WITHOUT_SIZE
    words = [
        f"op={call['op']}",
        f"cpu{call['cpu']}",
        f"d{call['device']}",
        call["hook"],
        _NOTHING if call["mapping"] is None else f"m{call['mapping']}",
        f"phys={_address(call['phys'])}",
        f"dma={_address(call['dma'])}",
        f"size={call['size'] if has_size else _NOTHING}",
        f"dir={call['direction'] if has_size else _NOTHING}",
        f"attrs={_attrs(call['attrs'])}",
    ]
    return " ".join([*words, *_entries(call)])


def _entries(call: Mapping[str, Any]) -> list[str]:
    if not call["entries"]:
        return []
    entries = [f"{phys:#x}+{size}->{dma:#x}+{dma_size}" for phys, size, dma, dma_size in call["entries"]]
    mapped = [f"mapped={call['mapped']}"] if call["hook"] == "map_sg" else []
    return [f"nents={len(entries)}", *mapped, f"list={','.join(entries)}"]


def _address(address: int) -> str:
    """No memory, IOVA or slot is at 0: a hook that has no such address holds 0 there."""
    return f"{address:#x}" if address else _NOTHING


def _attrs(attrs: int) -> str:
    return ",".join(name for bit, name in enumerate(_core.ATTRS) if attrs >> bit & 1) or "none"
