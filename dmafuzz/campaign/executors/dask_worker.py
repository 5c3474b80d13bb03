# SPDX-License-Identifier: GPL-2.0-only
"""What a worker of Dask does for a campaign. Only texts and bytes come in and go out, and both are checked."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dmafuzz.campaign.slices import Slice, SliceError
from dmafuzz.storage import cache_root, pack_bytes, pack_name, private_folder, read_pack, unpacked, write_whole

from .process import SliceProcess

LACKS, FAILED, REFUSED = "lacks", "failed", "refused"  # kinds of answers, besides a slice's result
PACKS_KEPT_S = 7 * 86_400.0
_LOOK_EVERY_S = 0.1
_NAME = re.compile(r"[0-9a-f]{32}\.corpus")


def carry_out_here(text: str, left_out: Sequence[str] = (), *_packs: object) -> bytes:
    """Carries out the slice of that text, in a process of its own; programs of these names are ``left_out``. ``_packs``
    are answers of `keep_packs`, which has to come first."""
    from distributed import get_worker

    try:
        piece = Slice.from_json(text)
        packs = private_folder(cache_root() / "packs")
        if lacking := [name for name in piece.corpus if not _is_there(packs / name)]:
            return _answer(LACKS, names=lacking, worker=get_worker().address)
        process = SliceProcess(piece, packs, left_out, private_folder(cache_root() / "slices") / secrets.token_hex(8))
    except SliceError as error:
        return _answer(REFUSED, why=str(error), worker=get_worker().address)
    except OSError as error:
        return _answer(FAILED, why=f"{error.filename}: {error.strerror}", fatal=True, ours=False)
    try:
        while (outcome := process.outcome()) is None:
            if _is_cancelled():
                return _answer(FAILED, why="cancelled", fatal=False, ours=False)
            time.sleep(_LOOK_EVERY_S)
    finally:
        process.remove()
    if outcome.result is None:
        return _answer(FAILED, why=outcome.why, fatal=outcome.fatal, ours=outcome.ours)
    return outcome.result.to_bytes()


def keep_packs(packs: dict[str, bytes]) -> int:
    """Puts packs of a corpus into this worker's cache; how many it took: they must be what they are called."""
    folder = private_folder(cache_root() / "packs")
    taken = 0
    for path in folder.glob("*.corpus"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > PACKS_KEPT_S:
                path.unlink()
    for name, data in packs.items():
        if _NAME.fullmatch(name) and pack_name(data, ".corpus") == name and unpacked(data).damage is None:
            write_whole(folder / name, data, sync=False)
            taken += 1
    return taken


def _is_there(path: Path) -> bool:
    try:
        return read_pack(path).damage is None
    except OSError:
        return False


def _answer(kind: str, **facts: Any) -> bytes:
    return pack_bytes({"kind": kind, **facts}, [])


def answer_of(data: bytes) -> dict[str, Any]:
    """The facts of an answer that is no result; one of kind "" is something else."""
    table = unpacked(data).table
    return json.loads(json.dumps(table)) if table.get("kind") in (LACKS, FAILED, REFUSED) else {"kind": ""}


def _is_cancelled() -> bool:
    """Whether nobody waits for this task any more."""
    from distributed import get_worker

    with contextlib.suppress(AttributeError, ValueError):
        worker = get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
        return task is None or task.state == "cancelled"
    return False
