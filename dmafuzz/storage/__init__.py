# SPDX-License-Identifier: GPL-2.0-only
"""How the rooms above keep files: whole, or not at all; packs, ledgers, locks."""

from .ledger import Ledger, LedgerWriter, read_ledgers
from .locks import LockedError, locked, take_lock
from .packs import Pack, pack_bytes, pack_name, read_pack, read_regular, write_pack
from .whole import write_all_whole, write_whole

__all__ = [
    "Ledger",
    "LedgerWriter",
    "LockedError",
    "Pack",
    "locked",
    "pack_bytes",
    "pack_name",
    "read_ledgers",
    "read_pack",
    "read_regular",
    "take_lock",
    "write_all_whole",
    "write_pack",
    "write_whole",
]
