# SPDX-License-Identifier: GPL-2.0-only
"""A slice carried out, by a process of its own: ``python -P -m dmafuzz.campaign.carrying_out``.

It reads a line of JSON from standard input: the slice, the folder of packs, an empty folder to work in. It leaves
`RESULT` there. When standard input ends, whoever has asked for it is gone, and so is this process then. SIGTERM ends
the search, and what there is becomes the result. Exit status: 2 or 3 as everywhere, with a line on standard error.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType

from dmafuzz.campaign.hunts import carry_out_hunt
from dmafuzz.campaign.slices import Slice, SliceError, SliceResult
from dmafuzz.fuzzing import Campaign, CampaignError
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.fuzzing.suspect import program_name
from dmafuzz.storage import read_pack, write_whole
from dmafuzz.store import Store, StoreError

RESULT = "result.pack"
EXIT_BAD_INPUT = 2
EXIT_FAULT = 3


class _Quiet(Progress):
    """Of many slices nobody wants to see each one's progress."""

    def start(self, seconds: float | None) -> None:
        self.on_terminal = False

    def update(self, seconds: float, summary: object) -> None:
        pass


def carry_out(piece: Slice, folder: Path, corpus: Iterable[bytes]) -> SliceResult:
    """Searches in an empty folder, starting from programs of a corpus.

    Raises SliceError, StoreError, CampaignError.
    """
    plan = piece.plan(folder)
    if piece.is_hunt:
        return carry_out_hunt(piece)
    with closing(Store.create(folder)) as store:
        start = list(dict.fromkeys(corpus))
        store.add_programs(plan.target, start)
        campaign = Campaign(plan, _Quiet(), store)
        summary = campaign.run()
        known = set(start)
        novel = sorted(set(store.programs(plan.target)) - known)
        files = {path.name: path.read_bytes() for path in summary.quarantined}
        about = (piece.id, piece.target, list(store.items(plan.target)), novel, summary.programs)
        figures = (round(summary.seconds, 3), summary.coverage, summary.waiting, summary.unconfirmed)
        return SliceResult(*about, *figures, socket.gethostname(), summary.interrupted, files)


def programs_in(folder: Path, names: Iterable[str], left_out: frozenset[str] = frozenset()) -> Iterator[bytes]:
    """The programs of packs, each checked; those that are in quarantine (`program_name`) are left out.

    Raises SliceError where a pack is missing or damaged.
    """
    for name in names:
        try:
            pack = read_pack(folder / name)
        except OSError as error:
            raise SliceError(f"{name}: {error.strerror}") from None
        if pack.damage is not None:
            raise SliceError(f"{name}: damaged: {pack.damage}")
        yield from (item for item in pack.items if not left_out or program_name(item) not in left_out)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_the_asker() -> None:
    sys.stdin.buffer.read()
    os._exit(EXIT_BAD_INPUT)  # workers see that their parent is gone


def main() -> None:
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who has asked
    folder = Path(request["folder"])
    try:
        piece = Slice.from_json(request["slice"])
        left_out = frozenset(request["left_out"])
        result = carry_out(piece, folder, programs_in(Path(request["packs"]), piece.corpus, left_out))
        write_whole(folder / RESULT, result.to_bytes(), sync=False)
    except (SliceError, StoreError, CampaignError) as error:
        sys.stderr.write(f"{error}\n")
        os._exit(EXIT_FAULT if getattr(error, "ours", False) else EXIT_BAD_INPUT)
    except OSError as error:
        sys.stderr.write(f"{error.filename or folder}: {error.strerror}\n")
        os._exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:  # before or after the search: there is nothing to tell
        os._exit(EXIT_BAD_INPUT)
    os._exit(0)


if __name__ == "__main__":
    main()
