# SPDX-License-Identifier: GPL-2.0-only
"""The store of findings: packs and ledgers, from which the index and the leaders follow; one store, many targets."""

from .confirmed import Confirmed
from .entries import StoredCause
from .errors import StoreError
from .reports import Report
from .runs import Run
from .store import Store
from .target import Target

__all__ = ["Confirmed", "Report", "Run", "Store", "StoreError", "StoredCause", "Target"]
