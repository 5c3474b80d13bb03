# SPDX-License-Identifier: GPL-2.0-only
"""Small files of facts, as JSON with a checksum: what is read back is what was written, or it counts as damaged."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from .reading import read_regular
from .whole import write_whole

_LOG = logging.getLogger("dmafuzz")
_BYTES_MAX = 1 << 30


def write_checked(path: Path, facts: dict[str, Any]) -> None:
    """Writes them whole, with their checksum as "sum". Raises OSError."""
    plain = json.loads(json.dumps(facts))  # as it will be read: keys are texts then
    write_whole(path, (json.dumps({**plain, "sum": _sum(plain)}) + "\n").encode())


def read_checked(path: Path) -> dict[str, Any] | None:
    """What was written; None where there is nothing, or where it is damaged, which is reported. Raises OSError."""
    try:
        facts = json.loads(read_regular(path, _BYTES_MAX) or b"")
        if facts.pop("sum") != _sum(facts):
            raise ValueError("its checksum does not match")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        _LOG.warning("%s: damaged: it is not used", path)
        return None
    return dict(facts)


def _sum(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
