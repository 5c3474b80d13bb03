# SPDX-License-Identifier: GPL-2.0-only
"""Explorations as JSON: one object each, of schema 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dmafuzz._core import Schedule
from dmafuzz.program import render_op
from dmafuzz.schedules import Exploration, Sight

from .judgement_json import SCHEMA


def exploration_to_json(
    exploration: Exploration, program: str, tracker: str, portfolio: str, platforms: Sequence[str]
) -> dict[str, Any]:
    """The exploration as an object for json.dumps.

    ``schedules`` and ``shown`` count by preemptions, from 0. ``sights`` are those that show at all: ``platform`` null
    means on any of ``platforms``, ``kind`` null of any kind.
    """
    return {
        "schema": SCHEMA,
        "program": program,
        "tracker": tracker,
        "portfolio": portfolio,
        "platforms": list(platforms),
        "threads": list(exploration.threads),
        "preemptions": exploration.bound,
        "schedules": list(exploration.counted.schedules),
        "dropped": exploration.counted.dropped,
        "judged": exploration.judged,
        "written": {"preemptions": exploration.written.preemptions, "counted": exploration.written_within},
        "sights": [_sight(sight) for sight in exploration.sights],
    }


def _sight(sight: Sight) -> dict[str, Any]:
    return {
        "platform": sight.platform,
        "label": sight.label,
        "kind": sight.kind,
        "modality": sight.modality.value,
        "shown": list(sight.shown),
        "written": sight.written,
        "shows": _schedule(sight.shows),
        "hides": _schedule(sight.hides),
    }


def _schedule(schedule: Schedule | None) -> dict[str, Any] | None:
    if schedule is None:
        return None
    return {
        "preemptions": schedule.preemptions,
        "switches": [
            {
                "line": switch.line,
                "from": switch.leaves,
                "to": switch.enters,
                "preempts": switch.preempts,
                "inside_call": switch.inside_call,
            }
            for switch in schedule.switches
        ],
        "ops": [render_op(op) for op in schedule.ops],
    }
