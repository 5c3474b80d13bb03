# SPDX-License-Identifier: GPL-2.0-only
"""What a booted kernel has said of the causes in a store, as the ledgers have it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dmafuzz.storage import Ledger

CONFIRMED = "confirmed"  # what a ledger's line says


@dataclass(frozen=True)
class Confirmed:
    """One cause on one machine.

    ``kernel`` is its version, ``kernel_digest`` the hash of what it was built of; ``machine`` by name, ``option`` what
    its command line says of DMA; ``answer`` as in docs/spec/confirm.md; ``log`` is the hash of what was asked of the
    guest and answered.
    """

    target: str
    cause: str
    kernel: str
    kernel_digest: str
    machine: str
    option: str
    platform: str
    answer: str
    log: str

    @property
    def sentence(self) -> str:
        """As "confirmed on 6.12.117, swiotlb=force"."""
        return f"{self.answer} on {self.kernel}, {self.option or self.machine}"

    def to_line(self) -> dict[str, Any]:
        """The facts of a ledger's line."""
        return asdict(self)


def confirmed_of(ledger: Ledger) -> dict[tuple[str, str], list[Confirmed]]:
    """By target and cause; of one kernel and machine the latest answer counts. What is no such line is left out."""
    latest: dict[tuple[str, str], dict[tuple[str, str], Confirmed]] = {}
    for line in ledger.of(CONFIRMED):
        facts = {name: line.get(name) for name in Confirmed.__dataclass_fields__}
        if all(isinstance(value, str) for value in facts.values()):
            one = Confirmed(**{name: str(value) for name, value in facts.items()})
            latest.setdefault((one.target, one.cause), {})[one.kernel, one.machine] = one
    return {key: sorted(found.values(), key=lambda c: (c.kernel, c.machine)) for key, found in latest.items()}
