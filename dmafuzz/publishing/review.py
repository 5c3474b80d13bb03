# SPDX-License-Identifier: GPL-2.0-only
"""A review as blocks of text, for its page."""

from __future__ import annotations

from collections.abc import Iterator

from dmafuzz.reporting.review import TITLES, about_lines, cost_lines, figures_of, moves_of, what_of, where_of
from dmafuzz.review import Effect, Review, TopicChange

from .content import Block


def review_blocks(review: Review) -> list[Block]:
    """The sentence, each topic with its leader, labels that change, costs."""
    return list(_blocks(review))


def _blocks(review: Review) -> Iterator[Block]:
    first, second = review.sides.first.name, review.sides.second.name
    yield Block("title", (f"{first} to {second}",))
    yield Block("text", (review.sentence,), tone="loss" if review.worse else "")
    yield Block("text", (" ".join(line.text for line in about_lines(review)),))
    shown: Effect | None = None
    for topic in review.topics:
        if topic.effect is not shown:
            shown = topic.effect
            yield Block("heading", (TITLES[shown],))
        yield from _topic(topic, len(review.platforms))
    if moves := moves_of(review):
        yield Block("heading", ("Labels that change",))
        for names, changes in moves:
            yield Block("item", (f"{names}: {changes}",))
    if review.costs is not None:
        yield Block("heading", ("Costs",))
        yield Block("program", tuple(cost_lines(review.costs, first, second)))


def _topic(topic: TopicChange, platforms: int) -> Iterator[Block]:
    leader = topic.leader
    yield Block("text", (figures_of(topic),), lead=topic.topic, tone="loss" if topic.effect.worse else "")
    yield Block("text", (f"{what_of(leader)} {where_of(leader, platforms)}",))
    yield Block("program", leader.program)
