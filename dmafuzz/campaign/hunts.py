# SPDX-License-Identifier: GPL-2.0-only
"""Slices of a kernel, booted: a hunt for what dmafuzz has wrong."""

from __future__ import annotations

import contextlib
import socket
import time

from dmafuzz.campaign.guests import kernel_of
from dmafuzz.campaign.slices import Slice, SliceError, SliceResult
from dmafuzz.confirmation import ConfirmationError, hunting
from dmafuzz.confirmation.booted import confirming_on


def carry_out_hunt(piece: Slice) -> SliceResult:
    """The slice's number is the seed. Its files are the programs on which guest and model disagree.

    Raises SliceError.
    """
    begun, machine = time.monotonic(), piece.portfolio
    files: dict[str, bytes] = {}
    counted, interrupted = 0, False

    def report(found: hunting.Found) -> None:
        files[f"{machine}-{found.seed}.dma"] = found.text(machine).encode()

    def progress(so_far: hunting.Hunt) -> None:
        nonlocal counted
        counted = so_far.programs

    try:
        with contextlib.closing(confirming_on(kernel_of(piece.tracker, machine), machine)) as one:
            hunting.hunt(one, piece.seconds, piece.number, report, progress, piece.programs)
    except ConfirmationError as error:
        raise SliceError(str(error)) from None
    except KeyboardInterrupt:
        interrupted = True
    seconds, host = round(time.monotonic() - begun, 3), socket.gethostname()
    about = (piece.id, piece.target, (), (), counted, seconds, 0, 0, len(files), host)
    return SliceResult(*about, interrupted, files)
