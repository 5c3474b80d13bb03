# SPDX-License-Identifier: GPL-2.0-only
"""What an exhaustive search has seen: counts, tables of labels, and the smallest program that shows each thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from dmafuzz import _core

Order = tuple[int, ...]


class Shown(Protocol):
    """What the core says a program, or many programs, show on some platforms, a bit each."""

    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def rules(self) -> tuple[str, ...]: ...
    @property
    def reason(self) -> str: ...
    @property
    def platforms(self) -> int: ...


@dataclass(frozen=True, order=True)
class Signature:
    """What a program shows on a platform: a label of FN, FP, hazard and broken, the kind of corruption (FN) or the
    warning (others), the rules of the contract that it breaks there, in the contract's order, and the tracker's reason
    (`_core.reasons`; "" of a tracker that crashed)."""

    label: str
    kind: str
    rules: tuple[str, ...]
    reason: str

    @classmethod
    def of(cls, shown: Shown) -> Self:
        """That of what is shown, wherever it is."""
        return cls(shown.label, shown.kind, shown.rules, shown.reason)


@dataclass(frozen=True, order=True)
class Smallest:
    """The smallest program that shows a signature on some platform (docs/spec/verdicts.md §6 (Minimal); of
    several of the same ``size``, the first in the order of the alphabet, which ``order`` ends in)."""

    order: Order
    records: bytes

    @property
    def size(self) -> Order:
        """As `_core.order_of` has it."""
        return self.order[:6]

    @property
    def ops(self) -> tuple[_core.Op, ...]:
        return tuple(_core.decode(self.records))


@dataclass
class Found:
    """All programs with one signature: how many, and the smallest for each platform that shows it, by the platform's
    place in the portfolio: what looks the same may come from something else on another machine."""

    signature: Signature
    count: int
    smallest: dict[int, Smallest]

    @property
    def first(self) -> Smallest:
        """The smallest of all."""
        return min(self.smallest.values())

    @property
    def platforms(self) -> int:
        """A bit for each platform that shows it."""
        return sum(1 << platform for platform in self.smallest)

    def programs(self) -> list[tuple[Smallest, int]]:
        """The different programs among the smallest, smallest first, each with its platforms, a bit each."""
        shared: dict[bytes, tuple[Smallest, int]] = {}
        for platform, smallest in self.smallest.items():
            known, bits = shared.get(smallest.records, (smallest, 0))
            shared[smallest.records] = (min(known, smallest), bits | 1 << platform)
        return sorted(shared.values())

    def add(self, other: Found) -> None:
        """Takes in what another part of the search found."""
        self.count += other.count
        for platform, smallest in other.smallest.items():
            if platform not in self.smallest or smallest < self.smallest[platform]:
                self.smallest[platform] = smallest


@dataclass
class Length:
    """The programs of one number of operations: how many, to how many states of the product they lead (0: not known,
    the last two lengths are walked in parts), and how often a program came to the state of another one."""

    programs: int = 0
    states: int = 0
    merged: int = 0


@dataclass
class Result:
    """All programs of up to ``len(lengths)`` operations. ``labels``: by platform, how many programs have each label."""

    tracker: str
    portfolio: str
    platforms: tuple[str, ...]
    cpus: int
    devices: int
    lengths: list[Length] = field(default_factory=list)
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    found: dict[Signature, Found] = field(default_factory=dict)

    @property
    def programs(self) -> int:
        return sum(length.programs for length in self.lengths)

    def add(self, length: int, harvest: _core.Harvest) -> None:
        """Takes in what the core found among programs of ``length`` operations."""
        while len(self.lengths) < length:
            self.lengths.append(Length())
        self.lengths[length - 1].programs += harvest.programs
        for platform, counts in zip(self.platforms, harvest.labels, strict=True):
            self.labels.setdefault(platform, Counter()).update(counts)
        for item in harvest.causes:
            signature = Signature.of(item)
            self._merge(Found(signature, item.count, smallest_of(item)))

    def add_result(self, other: Result) -> None:
        """Takes in what another result has of other programs."""
        while len(self.lengths) < len(other.lengths):
            self.lengths.append(Length())
        for length, more in zip(self.lengths, other.lengths, strict=False):
            length.programs += more.programs
        for platform, counts in other.labels.items():
            self.labels.setdefault(platform, Counter()).update(counts)
        for found in other.found.values():
            self._merge(found)

    def _merge(self, found: Found) -> None:
        if found.signature in self.found:
            self.found[found.signature].add(found)
        else:
            self.found[found.signature] = found

    def platforms_of(self, bits: int) -> tuple[str, ...]:
        return tuple(name for i, name in enumerate(self.platforms) if bits >> i & 1)

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON has it; programs as hexadecimal records."""
        return {
            "tracker": self.tracker,
            "portfolio": self.portfolio,
            "platforms": list(self.platforms),
            "cpus": self.cpus,
            "devices": self.devices,
            "lengths": [vars(length) for length in self.lengths],
            "labels": {platform: dict(counts) for platform, counts in self.labels.items()},
            "found": [
                [
                    *_signature_fields(f.signature),
                    f.count,
                    [[list(s.order), s.records.hex(), bits] for s, bits in f.programs()],
                ]
                for f in self.found.values()
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """Raises AttributeError, KeyError, TypeError or ValueError where the data is not what `to_json` makes."""
        result = cls(data["tracker"], data["portfolio"], tuple(data["platforms"]), data["cpus"], data["devices"])
        result.lengths = [Length(**length) for length in data["lengths"]]
        result.labels = {platform: Counter(counts) for platform, counts in data["labels"].items()}
        for label, kind, rules, reason, count, programs in data["found"]:
            signature = Signature(label, kind, tuple(rules), reason)
            smallest = {
                platform: Smallest(tuple(order), bytes.fromhex(records))
                for order, records, bits in programs
                for platform in places(bits)
            }
            result.found[signature] = Found(signature, count, smallest)
        return result


def smallest_of(cause: _core.Cause) -> dict[int, Smallest]:
    """Of what the core found: the smallest program for each platform, by its place in the portfolio."""
    return {
        platform: Smallest(program.order, program.records)
        for program in cause.smallest
        for platform in places(program.platforms)
    }


def places(bits: int) -> list[int]:
    """The numbers of the bits that are set."""
    return [i for i in range(bits.bit_length()) if bits >> i & 1]


def _signature_fields(signature: Signature) -> tuple[str, str, list[str], str]:
    return signature.label, signature.kind, list(signature.rules), signature.reason


def smallest_first(found: Sequence[Found]) -> list[Found]:
    """In the order of programs, then of signatures."""
    return sorted(found, key=lambda f: (f.first, f.signature))
