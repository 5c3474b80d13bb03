# SPDX-License-Identifier: GPL-2.0-only
"""A finding as an item of a pack, and as a row of the index."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from dmafuzz import _core
from dmafuzz.findings import Finding, RawFinding
from dmafuzz.findings.finding import LABELS
from dmafuzz.triage import Cause, Grade
from dmafuzz.triage.order import worth_of

from .target import Target

_NAME_CHARS_MAX = 200
_LAST = 50_000  # more than any number that says where a finding stands
ITEM_BYTES_MAX = 1 << 20


@dataclass(frozen=True)
class StoredCause:
    """A cause of a target, as the index has it. ``ops`` are the operations of its smallest program, ``text`` its lines;
    ``shown_on``: how many of the target's ``platforms`` show it, ``shown_bits`` which, by their place; ``topic`` is its
    topic's id (dmafuzz.triage); ``found`` is when it was filed (Unix time, s), None where no ledger says so. The
    finding in full: `Store.finding`."""

    target: str
    cause: str
    label: str
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    reason: str
    topic: str
    minimal: str | None
    modality: str | None
    ops: int
    shown_on: int
    platforms: int
    found: float | None
    pack: str
    item: int
    text: str
    shown_bits: int

    @property
    def file_name(self) -> str:
        """As `Finding.file_name`."""
        return f"{self.label}-{self.kinds[0].replace('>', '-beyond-')}-{self.cause}.dma"


def finding_to_item(finding: Finding, target: Target) -> bytes:
    """The finding without what its target says already; platforms by their place among the target's.

    It says nothing of when it was found, or by which run: the same finding is the same bytes.
    """
    labels = dict(finding.outcomes)
    groups: dict[tuple[str, ...], int] = {}
    for at, name in enumerate(target.platforms):
        groups[labels.get(name, ())] = groups.get(labels.get(name, ()), 0) | 1 << at
    facts: dict[str, Any] = {
        "cause": finding.cause,
        "label": finding.label,
        "kinds": finding.kinds,
        "rules": finding.rules,
        "reason": finding.reason,
        "program": base64.b64encode(finding.records).decode(),
        "size": list(_core.order_of(finding.ops)),
        "text": finding.text,
        "outcomes": [[list(names), f"{bits:x}"] for names, bits in groups.items() if names],
        "shown_on": f"{sum(1 << target.platforms.index(name) for name in finding.shown_on):x}",
        "minimal": finding.minimal,
        "modality": finding.modality,
    }
    return json.dumps(facts, separators=(",", ":")).encode()


def facts_of(item: bytes) -> dict[str, Any]:
    """The facts of a finding's item. Raises ValueError for what is none."""
    if len(item) > ITEM_BYTES_MAX:
        raise ValueError("not a finding: too large")
    try:
        facts: dict[str, Any] = json.loads(item.decode())  # of bytes it would guess the encoding, which takes as long
        names = [facts["cause"], facts["reason"], *facts["kinds"], *facts["rules"]]
        right = facts["label"] in LABELS and facts["kinds"] and facts["size"] and isinstance(facts["text"], str)
        right = right and max(map(len, names)) <= _NAME_CHARS_MAX
        "".join(names)  # texts, all of them
        int(facts["shown_on"], 16)
        list(map(int, facts["size"]))
    except (AttributeError, KeyError, TypeError, RecursionError):
        raise ValueError("not a finding") from None
    if not right:
        raise ValueError("not a finding")
    return facts


def item_to_finding(item: bytes, target: Target) -> Finding:
    """Raises ValueError for what is no finding, or whose program is not the one that it is named after."""
    facts = facts_of(item)
    labels: dict[int, tuple[str, ...]] = {}
    try:
        for names, bits in facts["outcomes"]:
            labels.update(dict.fromkeys(_members(int(bits, 16), target), tuple(map(str, names))))
        finding = Finding(
            facts["label"],
            tuple(facts["kinds"]),
            tuple(facts["rules"]),
            target.tracker,
            base64.b64decode(facts["program"], validate=True),
            tuple((name, labels[at]) for at, name in enumerate(target.platforms) if at in labels),
            facts["reason"],
            tuple(target.platforms[at] for at in _members(int(facts["shown_on"], 16), target)),
            target.portfolio,
            facts["modality"],
            facts["minimal"],
        )
    except (KeyError, TypeError):
        raise ValueError("not a finding") from None
    if finding.cause != facts["cause"]:
        raise ValueError(f"not the finding that it is named after, {facts['cause']!r}")
    return finding


def rank_of(facts: dict[str, Any]) -> str:
    """Sorts as programs do, but for their text: smaller first (docs/spec/verdicts.md §6)."""
    return " ".join([f"{int(part):010}" for part in facts["size"]])


def worth_in(facts: dict[str, Any]) -> str:
    """Sorts as `dmafuzz.triage.order.worth_of`; last of all what is no program."""
    try:
        ops = tuple(_core.decode(base64.b64decode(facts["program"], validate=True)))
        shown_on = ("",) * int(facts["shown_on"], 16).bit_count()  # how many is all that counts
        cause = Cause(facts["label"], tuple(facts["kinds"]), tuple(facts["rules"]), facts["reason"], ops, shown_on)
        grade, *numbers = worth_of(cause)
    except (KeyError, TypeError, ValueError, RuntimeError):
        grade, numbers = str(max(Grade)), [_LAST]
    return " ".join([grade, *[f"{_LAST + number:05}" for number in numbers]])


def raw_to_item(raw: RawFinding) -> bytes:
    """A worker's report, not replayed yet."""
    facts = [raw.label, raw.kind, raw.platform, list(raw.rules), base64.b64encode(raw.records).decode(), raw.reason]
    return json.dumps(facts, separators=(",", ":")).encode()


def item_to_raw(item: bytes) -> RawFinding:
    """Raises ValueError for what is no report."""
    try:
        label, kind, platform, rules, records, reason = json.loads(item)
        raw = RawFinding(label, kind, platform, tuple(rules), base64.b64decode(records, validate=True), reason)
    except (TypeError, RecursionError):
        raise ValueError("not a report") from None
    if not raw.records or raw.label not in LABELS or len(raw.records) % _core.RECORD_BYTES:
        raise ValueError("not a report")
    return raw


def raw_of(finding: Finding) -> RawFinding:
    """A finding as the report that leads to it, so that another build can judge it anew."""
    return RawFinding(
        finding.label, finding.kinds[0], finding.shown_on[0], finding.rules, finding.records, finding.reason
    )


def _members(bits: int, target: Target) -> list[int]:
    return [at for at in range(len(target.platforms)) if bits >> at & 1]
