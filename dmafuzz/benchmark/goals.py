# SPDX-License-Identifier: GPL-2.0-only
"""Shares of a complete catalogue's causes that an engine is to find: the catalogues of a checkout's reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dmafuzz.benchmark.harness import HarnessError, checkout
from dmafuzz.catalogue import Catalogue
from dmafuzz.catalogue.files import file_of, json_text

SHARES = (0.50, 0.75, 0.91)
OPS = 4

# As it is told to processes: label, kind, rules, the tracker's reason, platforms.
NamedCause = tuple[str, str, tuple[str, ...], str, tuple[str, ...]]


class NoCatalogueError(ValueError):
    """A tracker that has none here."""


@dataclass(frozen=True)
class Goals:
    """The causes of programs of up to ``OPS`` operations."""

    causes: tuple[NamedCause, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many causes each of the shares is, at least."""
        return tuple(-int(-share * len(self.causes) // 1) for share in SHARES)

    @property
    def title(self) -> str:
        return f"{100 * SHARES[-1]:.0f} % of {len(self.causes):,} causes of up to {OPS} operations"

    @classmethod
    def of(cls, tracker: str) -> Goals:
        """Raises NoCatalogueError."""
        try:
            file = file_of(checkout() / "reports" / "catalogue", tracker)
        except HarnessError as error:
            raise NoCatalogueError(f"the catalogue of tracker {tracker}: {error}") from None
        if not file.exists():
            raise NoCatalogueError(f"there is no catalogue of tracker {tracker} to compare with ({_shown(file)})")
        entries = Catalogue.from_json(json_text(file)).up_to(OPS).entries
        return cls(
            tuple(
                (str(s.label), s.kind, tuple(s.rules), s.reason, entry.platforms)
                for entry in entries
                for s in (entry.signature,)
            )
        )


def _shown(file: Path) -> str:
    return "/".join(file.parts[-3:])
