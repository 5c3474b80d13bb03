# SPDX-License-Identifier: GPL-2.0-only
"""A review as data: what the terminal shows, and all causes."""

from __future__ import annotations

from typing import Any

from dmafuzz.review import ChangedCause, Costs, Review, TopicChange
from dmafuzz.trackers import COSTS, Workload

SCHEMA = 1


def review_record(review: Review) -> dict[str, Any]:
    """For json.dumps."""
    hunted = review.hunted
    return {
        "schema": SCHEMA,
        "first": review.sides.first.name,
        "second": review.sides.second.name,
        "verdict": review.sentence,
        "worse": review.worse,
        "portfolio": review.sides.portfolio,
        "platforms": list(review.platforms),
        "left_out": list(review.sides.left_out),
        "ops": review.scope.ops,
        "programs": review.programs,
        "beyond": {
            "programs": hunted.programs,
            "differing": hunted.differing,
            "corpus": hunted.corpus,
            "causes": len(hunted.causes),
        },
        "topics": [topic_record(topic) for topic in review.topics],
        "labels": {
            platform: [
                {"first": list(before), "second": list(after), "programs": count}
                for (before, after), count in sorted(moves.items())
            ]
            for platform, moves in review.moves.items()
        },
        "costs": review.costs and _costs(review.costs),
    }  # fmt: skip


def topic_record(topic: TopicChange) -> dict[str, Any]:
    """A topic with all of its causes."""
    return {
        "effect": topic.effect.value,
        "worse": topic.effect.worse,
        "topic": topic.topic,
        "programs": topic.programs,
        "by_platform": dict(topic.on_platform),
        "causes": [_cause(cause) for cause in topic.causes],
    }


def _cause(cause: ChangedCause) -> dict[str, Any]:
    signature = cause.signature
    return {
        "label": signature.label,
        "kind": signature.kind,
        "rules": list(signature.rules),
        "reason": signature.reason,
        "program": list(cause.program),
        "platforms": list(cause.platforms),
        "count": cause.count,
        "composite": cause.composite,
    }


def _costs(costs: Costs) -> dict[str, Any]:
    return {
        "platform": costs.platform,
        "first": _workload(costs.first),
        "second": _workload(costs.second),
        "by_call": [
            {
                "call": row.call,
                "calls": row.calls,
                "first": {name: getattr(row.first, name) for name in COSTS},
                "second": {name: getattr(row.second, name) for name in COSTS},
            }
            for row in costs.by_call
        ],
    }


def _workload(workload: Workload) -> dict[str, Any]:
    return {
        "programs": workload.programs,
        "hooks": workload.hooks,
        "cost": {name: getattr(workload.cost, name) for name in COSTS},
        "serial_share": workload.serial_shares(),
    }
