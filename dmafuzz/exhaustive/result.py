"""What an exhaustive search has seen: counts, tables of labels, and the smallest program that shows each thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dmafuzz import _core

Order = tuple[int, ...]


@dataclass(frozen=True, order=True)
class Signature:
    """What a program shows on a platform: a label of FN, FP, hazard and broken, the kind of corruption (FN) or the
    warning (others), and the rules of the contract that it breaks there, in the contract's order."""

    label: str
    kind: str
    rules: tuple[str, ...]


@dataclass
class Found:
    """All programs with one signature: how many, the platforms on which any of them shows it (a bit each, in the order
    of the portfolio), and the smallest (the specification's verdicts.md, Minimal; of several, the first: ``order`` ends
    in where the search met it)."""

    signature: Signature
    count: int
    platforms: int
    order: Order
    records: bytes

    @property
    def ops(self) -> tuple[_core.Op, ...]:
        return tuple(_core.decode(self.records))

    def add(self, other: Found) -> None:
        """Takes in what another part of the search found."""
        self.count += other.count
        self.platforms |= other.platforms
        if other.order < self.order:
            self.order, self.records = other.order, other.records


@dataclass
class Length:
    """The programs of one number of operations: how many, to how many states of the product they lead (0: not asked,
    nothing goes on from the last length), and how often a program came to the state of another one."""

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

    def add(self, length: int, harvest: dict[str, Any], at: int = 0) -> None:
        """Takes in what the core found among programs of ``length`` operations, beginning with the ``at``-th state."""
        while len(self.lengths) < length:
            self.lengths.append(Length())
        self.lengths[length - 1].programs += harvest["programs"]
        for platform, counts in zip(self.platforms, harvest["labels"], strict=True):
            self.labels.setdefault(platform, Counter()).update(counts)
        for item in harvest["causes"]:
            signature = Signature(item["label"], item["kind"], tuple(item["rules"]))
            self._take(Found(signature, item["count"], item["platforms"], (*item["order"], at), item["records"]))

    def add_longer(self, other: Result) -> None:
        """Takes in what another result has of programs with more operations than there were so far."""
        self.lengths += other.lengths[len(self.lengths) :]
        for platform, counts in other.labels.items():
            self.labels.setdefault(platform, Counter()).update(counts)
        for found in other.found.values():
            self._take(found)

    def _take(self, found: Found) -> None:
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
                [*_signature_fields(f.signature), f.count, f.platforms, list(f.order), f.records.hex()]
                for f in self.found.values()
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """Raises AttributeError, KeyError, TypeError or ValueError where the data is not what `to_json` makes."""
        result = cls(data["tracker"], data["portfolio"], tuple(data["platforms"]), data["cpus"], data["devices"])
        result.lengths = [Length(**length) for length in data["lengths"]]
        result.labels = {platform: Counter(counts) for platform, counts in data["labels"].items()}
        for label, kind, rules, count, platforms, order, records in data["found"]:
            signature = Signature(label, kind, tuple(rules))
            result.found[signature] = Found(signature, count, platforms, tuple(order), bytes.fromhex(records))
        return result


def _signature_fields(signature: Signature) -> tuple[str, str, list[str]]:
    return signature.label, signature.kind, list(signature.rules)


def smallest_first(found: Sequence[Found]) -> list[Found]:
    """In the order of programs, then of signatures."""
    return sorted(found, key=lambda f: (f.order, f.signature))
