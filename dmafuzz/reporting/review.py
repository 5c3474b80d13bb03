# SPDX-License-Identifier: GPL-2.0-only
"""A review as text for a terminal, and as Markdown for a mail or a pull request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from dmafuzz._core import BuiltinTracker
from dmafuzz.review import ChangedCause, Costs, Effect, Review, TopicChange
from dmafuzz.tables import columns
from dmafuzz.trackers import COSTS
from dmafuzz.verdicts.meanings import SPOKEN

from .layout import Line, Tone, wrapped

TITLES = {
    Effect.CRASH: "The tracker's own code fails, and did not",
    Effect.LOST: "Missed now: data can be lost, and the tracker is silent",
    Effect.NOISE: "Noise: warned without need, or a program that keeps every rule",
    Effect.UNTOLD: "Not told any more: leaks, oopses",
    Effect.FOUND: "Found now: data can be lost, and the tracker says so",
    Effect.MENDED: "The tracker's own code fails no more",
    Effect.HAZARD: "Warned where it is harmless, of what loses data on other machines",
    Effect.QUIET: "Quiet now: warnings that were harmless where they came",
    Effect.TOLD: "Told now: leaks, oopses",
}
_TONES = {Effect.CRASH: Tone.LOSS, Effect.LOST: Tone.LOSS, Effect.NOISE: Tone.WARNING, Effect.UNTOLD: Tone.WARNING}


def review_lines(review: Review) -> list[Line]:
    """For a terminal: the sentence, each topic with its leader, labels by platform, costs."""
    lines = [*wrapped("", review.sentence, Tone.TITLE), *about_lines(review)]
    effect = None
    for topic in review.topics:
        if topic.effect is not effect:
            effect = topic.effect
            lines += [Line(""), *wrapped("", TITLES[effect], _TONES.get(effect, Tone.TITLE))]
        lines += wrapped("  ", f"{topic.topic}: {figures_of(topic)}", hang=4)
        lines += _leader(topic.leader, len(review.platforms))
    if moves := moves_of(review):
        lines += [Line(""), Line("Labels that change, by platform (programs of the alphabet)", Tone.TITLE)]
        for names, changes in moves:
            lines += wrapped("  ", f"{names}: {changes}", hang=4)
    if review.costs is not None:
        lines += [Line(""), *(Line(text) for text in cost_lines(review.costs, review.sides.first.name,
                                                                   review.sides.second.name))]  # fmt: skip
    return lines


def review_markdown(review: Review) -> str:
    """The same for a mail or a pull request."""
    return "\n".join(_markdown(review)) + "\n"


def eras_markdown(rows: Sequence[tuple[str, BuiltinTracker, str]], ops: int) -> str:
    """The list of the pages: each era with the one before it, what it says of itself, and what its review says."""
    lines = [
        "# What each kernel changed in dma-debug",
        "",
        f"Each era against the one that it follows, on the machines of its time: all programs of up to {ops} "
        "operations of the alphabet, and the corpus. Made by "
        f"`dmafuzz review --each-era --ops {ops} --time 0 --out reports/eras`.",
        "",
        "| kernel | after | its changelog | review |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| [{era.name}]({era.name}.md) | {before} | {era.changed} | {told} |".replace("\n", " ")
        for before, era, told in rows
    ]
    return "\n".join(lines) + "\n"


def _markdown(review: Review) -> Iterator[str]:
    first, second = review.sides.first.name, review.sides.second.name
    yield f"# {first} to {second}"
    yield ""
    yield review.sentence
    yield ""
    for line in about_lines(review):
        yield line.text
    for effect, topics in _by_effect(review.topics).items():
        yield ""
        yield f"## {TITLES[effect]}"
        for topic in topics:
            yield ""
            yield f"**{topic.topic}**: {figures_of(topic)}"
            yield ""
            yield f"{what_of(topic.leader)} {where_of(topic.leader, len(review.platforms))}"
            yield ""
            yield "```"
            yield from topic.leader.program
            yield "```"
    if moves := moves_of(review):
        yield ""
        yield "## Labels that change"
        yield ""
        yield "| platforms | programs of the alphabet |"
        yield "|---|---|"
        for names, changes in moves:
            yield f"| {names} | {changes} |"
    if review.costs is not None:
        yield ""
        yield "## Costs"
        yield ""
        yield "```"
        yield from cost_lines(review.costs, first, second)
        yield "```"


def _by_effect(topics: Sequence[TopicChange]) -> dict[Effect, list[TopicChange]]:
    out: dict[Effect, list[TopicChange]] = defaultdict(list)
    for topic in topics:
        out[topic.effect].append(topic)
    return out


def about_lines(review: Review) -> list[Line]:
    """What was looked at."""
    ops = review.scope.ops
    text = (
        f"All {review.programs:,} programs of up to {ops} operation{'s' if ops > 1 else ''} of the alphabet, on the "
        f"{len(review.platforms)} platforms of portfolio {review.sides.portfolio}"
    )
    hunted = review.hunted
    text += f"; beyond them the {hunted.corpus} programs of the corpus" if hunted.corpus else ""
    if review.scope.seconds:
        text += f"; in {hunted.seconds:.0f} s {hunted.programs:,} larger ones, each on a platform"
    if hunted.differing:
        text += f": the trackers warn otherwise {hunted.differing:,} times, with {len(hunted.causes):,} causes more"
    lines = wrapped("", f"{text}.", Tone.ASIDE)
    if review.sides.left_out:
        lines += wrapped("", f"Left out of the patch, since it is no part of what is built: "
                             f"{', '.join(review.sides.left_out)}.", Tone.ASIDE)  # fmt: skip
    return lines


def figures_of(topic: TopicChange) -> str:
    """How many causes, programs and platforms."""
    number = len(topic.causes)
    text = "1 cause" if number == 1 else f"{number:,} causes"
    beyond = sum(not cause.exact for cause in topic.causes)
    if topic.programs:
        text += f", {topic.programs:,} program{'s' if topic.programs > 1 else ''} of the alphabet"
        text += f" on {len(topic.on_platform)} platform{'s' if len(topic.on_platform) > 1 else ''}"
    if beyond and topic.programs:
        text += f"; {beyond:,} of the causes beyond the alphabet"
    if not topic.programs:
        text += ", beyond the alphabet"
    if kept := sum(cause.keeps_contract for cause in topic.causes):
        text += f"; {kept:,} of programs that keep every rule"
    return text


def what_of(cause: ChangedCause) -> str:
    """Label, kind, and the rules that the program breaks."""
    signature = cause.signature
    rules = f"breaks {', '.join(signature.rules)}" if signature.rules else "keeps every rule"
    return f"{SPOKEN.get(signature.label, signature.label)} {signature.kind}; the program {rules};"


def where_of(cause: ChangedCause, platforms: int) -> str:
    """The platforms of a program, of so many."""
    if len(cause.platforms) == platforms:
        return "on all platforms."
    return f"on {', '.join(cause.platforms)}."


def _leader(cause: ChangedCause, platforms: int) -> Iterator[Line]:
    yield from wrapped("    ", f"{what_of(cause)} {where_of(cause, platforms)}", Tone.ASIDE)
    for line in cause.program:
        yield Line(f"      {line}")


def moves_of(review: Review) -> list[tuple[str, str]]:
    """Platforms with the same changes of labels share a row."""
    rows: dict[str, list[str]] = {}
    for platform, moves in review.moves.items():
        changed = sorted(
            ((before, after, count) for (before, after), count in moves.items() if before != after),
            key=lambda row: (-row[2], row[:2]),
        )
        text = ", ".join(f"{_labels(b)} to {_labels(a)}: {count:,}" for b, a, count in changed)
        if text:
            rows.setdefault(text, []).append(platform)
    return [(", ".join(names), text) for text, names in rows.items()]


def _labels(labels: Sequence[str]) -> str:
    return " and ".join(SPOKEN.get(label, label) for label in labels) or "no label"


def cost_lines(costs: Costs, first: str, second: str) -> Iterator[str]:
    """A row for each figure of a program; then the calls that differ, with what one of them costs."""
    rows = [(f"a program on {costs.platform}", first, second)]
    for field, name in COSTS.items():
        before, after = (getattr(side.cost, field) / side.programs for side in (costs.first, costs.second))
        rows.append((name, f"{before:,.2f}", f"{after:,.2f}"))
    for cpus in (4, 16, 64):
        speed, then = costs.first.speed_of(cpus), costs.second.speed_of(cpus)
        rows.append((f"{cpus} CPUs work like, at most", f"{speed:.1f}", f"{then:.1f}"))
    for row in costs.by_call:
        for field, name in COSTS.items():
            before, after = getattr(row.first, field), getattr(row.second, field)
            if before != after:
                rows.append((f"one {row.call}: {name}", f"{before / row.calls:,.2f}", f"{after / row.calls:,.2f}"))
    yield from columns(rows, figures=True)
