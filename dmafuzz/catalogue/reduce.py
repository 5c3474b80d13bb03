# SPDX-License-Identifier: GPL-2.0-only
"""From signatures to causes: which of the things that a search found are causes of their own.

Two faults in one program break two sets of rules and show as a signature of their own. It is no cause of its own: the
minimizer takes one of the faults away. A program is a cause where it is the smallest with its signature on some
platform, and the minimizer, there, keeps the signature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from dmafuzz import _core
from dmafuzz.exhaustive.result import Found, Shown, Signature, Smallest, smallest_first


class Reducer(Protocol):
    """What says of programs what they show, and minimizes them: a judge, or one that asks two of them."""

    def signatures(self, ops: Sequence[_core.Op], /) -> Sequence[Shown]: ...

    def minimize(
        self, ops: Sequence[_core.Op], platform: int, label: str, kind: str, reason: str, /
    ) -> MinimalProgram: ...


class MinimalProgram(Protocol):
    """A minimal program, with the rules and the reason that it has come to."""

    @property
    def ops(self) -> tuple[_core.Op, ...]: ...
    @property
    def rules(self) -> tuple[str, ...]: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True)
class Reduced:
    """A cause: its minimal program and the platform it was made minimal for; ``count`` programs show the signature,
    ``composite`` more show it together with something else. Causes of one signature share these figures."""

    signature: Signature
    ops: tuple[_core.Op, ...]
    platform: int
    count: int
    composite: int


@dataclass(frozen=True)
class _Minimal:
    signature: Signature
    records: bytes
    platform: int

    @property
    def ops(self) -> tuple[_core.Op, ...]:
        return tuple(_core.decode(self.records))


def causes(
    all_found: Mapping[Signature, Found], judge: Reducer, progress: Callable[[int], object] = lambda _: None
) -> list[Reduced]:
    """The causes among a search's signatures, smallest program first. ``judge`` is on the search's tracker and
    platforms; ``progress`` is called for each signature that is done."""
    own: dict[Signature, dict[bytes, _Minimal]] = {}
    leads_to: dict[Signature, _Minimal] = {}
    for found in smallest_first(list(all_found.values())):
        minimals = [_minimal(found, smallest, bits, judge) for smallest, bits in found.programs()]
        kept = {minimal.records: minimal for minimal in minimals if minimal.signature == found.signature}
        if kept:
            own[found.signature] = kept
        else:
            leads_to[found.signature] = minimals[0]
        progress(1)
    composite: dict[Signature, int] = {}
    for found in smallest_first(list(all_found.values())):
        if found.signature in leads_to:
            end = _end(leads_to[found.signature], leads_to)
            own.setdefault(end.signature, {end.records: end})
            composite[end.signature] = composite.get(end.signature, 0) + found.count
    reduced = [
        Reduced(
            signature,
            minimal.ops,
            minimal.platform,
            all_found[signature].count if signature in all_found else 0,
            composite.get(signature, 0),
        )
        for signature, minimals_of in own.items()
        for minimal in minimals_of.values()
    ]
    return sorted(reduced, key=lambda r: (_core.order_of(r.ops), r.signature, bytes(_core.encode(r.ops))))


def _minimal(found: Found, smallest: Smallest, bits: int, judge: Reducer) -> _Minimal:
    """What the minimizer makes of one of the smallest programs, on the first of its platforms where it keeps the
    signature, if there is one."""
    other: _Minimal | None = None
    for platform in _platforms(found.signature, smallest, bits, judge):
        small = judge.minimize(
            smallest.ops, platform, found.signature.label, found.signature.kind, found.signature.reason
        )
        signature = replace(found.signature, rules=small.rules, reason=small.reason)
        minimal = _Minimal(signature, bytes(_core.encode(small.ops)), platform)
        if signature == found.signature:
            return minimal
        other = other or minimal
    if other is None:
        raise ValueError(f"a program that a search found does not show {found.signature}")
    return other


def _platforms(signature: Signature, smallest: Smallest, bits: int, judge: Reducer) -> Iterator[int]:
    """Where the program is the smallest with the signature, as the judge sees it too."""
    for shown in judge.signatures(smallest.ops):
        if Signature.of(shown) == signature:
            yield from (i for i in range(bits.bit_length()) if bits & shown.platforms & 1 << i)


def _end(minimal: _Minimal, leads_to: dict[Signature, _Minimal]) -> _Minimal:
    """Where a chain of reductions ends: each step breaks fewer rules, or has less in it that makes no difference."""
    seen: set[Signature] = set()
    while minimal.signature in leads_to and minimal.signature not in seen:
        seen.add(minimal.signature)
        minimal = leads_to[minimal.signature]
    return minimal
