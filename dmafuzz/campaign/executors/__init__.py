# SPDX-License-Identifier: GPL-2.0-only
"""Who carries out slices: processes of this host (local), of hosts that share a folder, or workers of Dask."""

from __future__ import annotations

import secrets
from pathlib import Path

from dmafuzz.campaign.plan_file import CampaignFile
from dmafuzz.storage import cache_root, private_folder

from .executor import Executor, ExecutorError, Outcome
from .folder import FolderExecutor, leases
from .local import LocalExecutor

__all__ = ["Executor", "ExecutorError", "Outcome", "leases", "open_executor"]


def open_executor(file: CampaignFile, store: Path, beside: Path) -> Executor:
    """The one that a plan asks for; ``beside`` is the folder of the plan's file. Raises ExecutorError."""
    if file.campaign.executor == "local":
        return LocalExecutor(store, store / "workers" / "slices", file.jobs)
    if file.campaign.executor == "folder":
        try:
            scratch = private_folder(cache_root() / "slices") / secrets.token_hex(8)
        except OSError as error:
            raise ExecutorError(f"{error.filename}: {error.strerror}") from None
        return FolderExecutor(store, scratch, file.jobs)
    from .dask import DaskExecutor

    return DaskExecutor(file.dask, store, beside)
