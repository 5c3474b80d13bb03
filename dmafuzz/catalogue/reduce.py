"""From signatures to causes: which of the things that a search found are causes of their own.

Two faults in one program break two sets of rules and show as a signature of their own. It is no cause of its own: the
minimiser takes one of the faults away. A signature is a cause where, on some platform that shows it, the minimiser
keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz.exhaustive.result import Found, Order, Result, Signature, smallest_first


@dataclass(frozen=True)
class Reduced:
    """A cause: its minimal program and the platform it was made minimal for; ``count`` programs show the signature,
    ``composite`` more show it together with something else."""

    signature: Signature
    ops: tuple[_core.Op, ...]
    platform: int
    found: Found
    count: int
    composite: int


@dataclass(frozen=True)
class _Minimal:
    signature: Signature
    ops: tuple[_core.Op, ...]
    platform: int

    @property
    def order(self) -> Order:
        return _core.order_of(self.ops)


def causes(result: Result, judge: _core.Judge, progress: Callable[[int], object] = lambda _: None) -> list[Reduced]:
    """The causes among a search's signatures, smallest program first. ``judge`` is on the result's tracker and
    platforms; ``progress`` is told of each signature that is done."""
    own: dict[Signature, _Minimal] = {}
    leads_to: dict[Signature, _Minimal] = {}
    for found in smallest_first(list(result.found.values())):
        minimal = _minimal(found, judge)
        if minimal.signature == found.signature:
            own[found.signature] = minimal
        else:
            leads_to[found.signature] = minimal
        progress(1)
    composite: dict[Signature, int] = {}
    for found in smallest_first(list(result.found.values())):
        if found.signature in leads_to:
            end = _end(leads_to[found.signature], leads_to)
            own.setdefault(end.signature, end)
            composite[end.signature] = composite.get(end.signature, 0) + found.count
    reduced = [
        Reduced(
            signature,
            minimal.ops,
            minimal.platform,
            result.found.get(signature, _outside(minimal)),
            result.found[signature].count if signature in result.found else 0,
            composite.get(signature, 0),
        )
        for signature, minimal in own.items()
    ]
    return sorted(reduced, key=lambda r: (_core.order_of(r.ops), r.signature))


def _minimal(found: Found, judge: _core.Judge) -> _Minimal:
    """The smallest of what the minimiser makes of it on the platforms that show it, where it keeps it on any."""
    best: _Minimal | None = None
    other: _Minimal | None = None
    for platform in _platforms(found, judge):
        small = judge.minimise(found.ops, platform, found.signature.label, found.signature.kind)
        minimal = _Minimal(
            Signature(found.signature.label, found.signature.kind, tuple(small["rules"])), tuple(small["ops"]), platform
        )
        if minimal.signature != found.signature:
            other = other or minimal
        elif best is None or minimal.order < best.order:
            best = minimal
    kept = best or other
    if kept is None:
        raise ValueError(f"a program that a search found does not show {found.signature}")
    return kept


def _platforms(found: Found, judge: _core.Judge) -> Iterator[int]:
    """Where the smallest program shows the signature."""
    for label, kind, rules, platforms in judge.shown(found.ops):
        if Signature(label, kind, tuple(rules)) == found.signature:
            yield from (i for i in range(platforms.bit_length()) if platforms >> i & 1)


def _end(minimal: _Minimal, leads_to: dict[Signature, _Minimal]) -> _Minimal:
    """Where a chain of reductions ends: each step breaks fewer rules."""
    while minimal.signature in leads_to:
        minimal = leads_to[minimal.signature]
    return minimal


def _outside(minimal: _Minimal) -> Found:
    """The minimal program has sizes that the alphabet has not."""
    return Found(minimal.signature, 0, 1 << minimal.platform, minimal.order, bytes(_core.encode(minimal.ops)))
