# SPDX-License-Identifier: GPL-2.0-only
"""How the rooms above keep files: whole, or not at all; packs, ledgers, locks."""

from .checked import read_checked, write_checked
from .ledger import Ledger, LedgerWriter, read_ledgers
from .locks import LockedError, locked, take_lock
from .packs import Pack, pack_bytes, pack_name, read_pack, unpacked, write_pack
from .private import cache_root, check_private, private_folder
from .reading import UnreadableError, read_regular, read_small
from .refused import refusal, shown_path
from .whole import write_all_whole, write_whole

__all__ = [
    "Ledger",
    "LedgerWriter",
    "LockedError",
    "Pack",
    "UnreadableError",
    "cache_root",
    "check_private",
    "locked",
    "pack_bytes",
    "pack_name",
    "private_folder",
    "read_checked",
    "read_ledgers",
    "read_pack",
    "read_regular",
    "read_small",
    "refusal",
    "shown_path",
    "take_lock",
    "unpacked",
    "write_all_whole",
    "write_checked",
    "write_pack",
    "write_whole",
]
