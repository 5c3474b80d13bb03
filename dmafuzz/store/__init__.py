# SPDX-License-Identifier: GPL-2.0-only
"""The store of findings: packs and ledgers, from which the index and the leaders follow; one store, many targets."""

from dmafuzz.storage import shown_path

from .compaction import Joining
from .confirmed import Confirmed
from .corpus import read_corpus
from .entries import StoredCause, facts_of, item_to_finding
from .errors import StoreError
from .folder import check_format, told_in_one_line
from .keeping import Keep
from .reports import Report
from .runs import Run
from .seeds import Seeds, plant, read_seeds, uses_of
from .store import Store
from .target import Target, target_of

__all__ = [
    "Confirmed",
    "Joining",
    "Keep",
    "Report",
    "Run",
    "Seeds",
    "Store",
    "StoreError",
    "StoredCause",
    "Target",
    "check_format",
    "facts_of",
    "item_to_finding",
    "plant",
    "read_corpus",
    "read_seeds",
    "shown_path",
    "target_of",
    "told_in_one_line",
    "uses_of",
]
