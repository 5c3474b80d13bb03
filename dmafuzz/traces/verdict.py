# SPDX-License-Identifier: GPL-2.0-only
"""What the core says of one shape, on a portfolio and for some trackers.

What lies beside the mapped bytes is not known: it is taken to hold nothing that matters. Judged again with data there,
data of the CPU's that is in use, the shape shows where a mapping might share a cacheline with something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dmafuzz import _core, platforms
from dmafuzz._core import Op, OpKind
from dmafuzz.trackers import resolve

from .shape import BYTES_MAX, Shape, operations

_LINE = 128  # bytes, the widest of any platform
_TOLD = [label for label in _core.Label if label != _core.Label.TN]

Bits = int
"""Platforms, by their places on the portfolio, a bit each."""


class Warned(NamedTuple):
    """Warnings of one check by one tracker: where it fires, and where data that it is about is lost."""

    tracker: str
    check: str
    fires: Bits
    loses: Bits


class Verdict(NamedTuple):
    """``losses`` are kinds of corruption, ``harms`` other harms, each with where it is possible. ``shares``: where more
    would be lost if the first and last cachelines had other data beside the mapping."""

    losses: tuple[tuple[str, Bits], ...] = ()
    harms: tuple[tuple[str, Bits], ...] = ()
    shares: Bits = 0
    warned: tuple[Warned, ...] = ()

    @property
    def loses(self) -> Bits:
        """The platforms on which anything is lost."""
        bits = 0
        for _, where in self.losses:
            bits |= where
        return bits

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to say."""
        return self == _NOTHING


_NOTHING = Verdict()


class Bench:
    """Trackers and the platforms of one portfolio."""

    def __init__(self, trackers: Sequence[str], portfolio: str) -> None:
        members = [each for each in platforms.portfolio(portfolio) if not _is_about_limits(each.core)]
        machines = [_without_limits(member) for member in members]
        self.portfolio = portfolio
        self.platforms = tuple(member.name for member in members)
        self.trackers = tuple(trackers)
        self._judges = [_core.Judge(resolve(tracker).core, machines) for tracker in trackers]
        for judge in self._judges:
            judge.judge_mapped_memory_only()
        self._with_neighbours = _core.Judge(resolve(trackers[0]).core, machines)

    def named(self, bits: Bits) -> tuple[str, ...]:
        """The platforms of a set."""
        return tuple(name for i, name in enumerate(self.platforms) if bits >> i & 1)

    def verdict(self, shape: Shape) -> Verdict:
        """What there is to say of a shape. Raises ValueError where it is no valid program."""
        ops = operations(shape.lines)
        if _core.check(ops) is not None:
            raise ValueError
        losses: dict[str, Bits] = {}
        harms: dict[str, Bits] = {}
        warned: list[Warned] = []
        for number, (tracker, judge) in enumerate(zip(self.trackers, self._judges, strict=True)):
            if not judge.platforms_with(ops, _TOLD):
                continue
            judgements = judge.judge_all(ops)
            if number == 0:
                _lost(judgements, losses, harms)
            warned += _warned(tracker, judgements)
        verdict = Verdict(tuple(losses.items()), tuple(harms.items()), 0, tuple(warned))
        return verdict._replace(shares=self._sharing(ops) & ~verdict.loses)

    def _sharing(self, ops: Sequence[Op]) -> Bits:
        """Where anything would be lost with data in the rest of the cachelines."""
        if not any(_ends_in_a_line(op) for op in ops):
            return 0
        return self._with_neighbours.platforms_with([_rounded(op) for op in ops], _LOST)


_LOST = [_core.Label.FN, _core.Label.TP]
_ANY_LENGTH, _NO_BOUNDARY = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def _is_about_limits(platform: _core.Platform) -> bool:
    """Whether it is there for what its devices do beyond their segment limits."""
    return any(device.truncates or device.wraps for device in platform.devices)


def _without_limits(member: platforms.PlatformFile) -> _core.Platform:
    """A platform whose devices take segments of any length: what a trace's device takes is not in the trace."""
    platform = platforms.to_core(member)
    devices = platform.devices
    for device in devices:
        device.segment_max, device.segment_boundary = _ANY_LENGTH, _NO_BOUNDARY
    platform.devices = devices
    return platform


def _ends_in_a_line(op: Op) -> bool:
    if op.kind is OpKind.map_sg:
        return any(entry.offset % _LINE or (entry.offset + entry.size) % _LINE for entry in op.entries)
    return op.kind is OpKind.map_page and bool(op.offset % _LINE or (op.offset + op.size) % _LINE)


def _rounded(op: Op) -> Op:
    """Of an allocation, one that reaches the end of its last cacheline."""
    if op.kind is not OpKind.alloc or op.buffer_kind is not _core.BufferKind.pages:
        return op
    longer = op.__copy__()
    longer.size = min(-(-op.size // _LINE) * _LINE, BYTES_MAX)
    return longer


def _lost(judgements: Sequence[_core.Judgement], losses: dict[str, Bits], harms: dict[str, Bits]) -> None:
    for place, judgement in enumerate(judgements):
        for corruption in judgement.corruptions:
            losses[str(corruption.kind)] = losses.get(str(corruption.kind), 0) | 1 << place
        for harm in judgement.harms:
            if harm.kind == _core.HarmKind.exposure:
                continue  # of undefined content, on old kernels: nothing is lost
            harms[str(harm.kind)] = harms.get(str(harm.kind), 0) | 1 << place


def _warned(tracker: str, judgements: Sequence[_core.Judgement]) -> list[Warned]:
    fires: dict[str, Bits] = {}
    loses: dict[str, Bits] = {}
    for place, judgement in enumerate(judgements):
        for warning in judgement.warnings:
            check = str(warning.id)
            fires[check] = fires.get(check, 0) | 1 << place
            if warning.justification == _core.Justification.justified:
                loses[check] = loses.get(check, 0) | 1 << place
    return [Warned(tracker, check, where, loses.get(check, 0)) for check, where in fires.items()]
