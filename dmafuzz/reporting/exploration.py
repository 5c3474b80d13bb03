# SPDX-License-Identifier: GPL-2.0-only
"""An exploration for people: the answers, where they hold, and the schedules that show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz._core import Schedule, Switch
from dmafuzz.program import render_op
from dmafuzz.program.render import LANGUAGE, VERSION
from dmafuzz.schedules import Exploration, Modality, Sight
from dmafuzz.schedules.exploration import LABELS
from dmafuzz.schedules.modality import preemptions
from dmafuzz.tables import columns
from dmafuzz.verdicts.meanings import SPOKEN

from .layout import Line, Tone, width_chars, wrapped

_TONES = {"broken": Tone.LOSS, "FN": Tone.LOSS, "FP": Tone.WARNING, "hazard": Tone.WARNING}


def exploration_lines(exploration: Exploration, title: str, platforms: Sequence[str]) -> list[Line]:
    """The lines for an exploration of one program on ``platforms``; ``title`` says of what, by whom and where."""
    parts = [
        [*wrapped("", title, Tone.TITLE, hang=2), *_counts(exploration)],
        list(_answers(exploration)),
        list(_table(exploration, platforms)),
        *_examples(exploration),
    ]
    lines: list[Line] = []
    for part in parts:
        lines += [Line(""), *part] if lines and part else part
    return lines


def _counts(e: Exploration) -> Iterator[Line]:
    counted = e.counted
    by_bound = ", ".join(f"{number:,} with {preemptions(n)}" for n, number in enumerate(counted.schedules) if number)
    number = f"{counted.total:,} schedule{'' if counted.total == 1 else 's'}"
    yield from wrapped("", f"{number} of {', '.join(e.threads)} within {preemptions(e.bound)}: {by_bound or 'none'}")
    if e.judged < counted.total:
        yield from wrapped("", f"{e.judged:,} of them judged, the others are equivalent", Tone.ASIDE)
    if counted.dropped:
        more = f"{counted.dropped:,} more order{'' if counted.dropped == 1 else 's'}"
        yield from wrapped("", f"{more} left out: a line of the program can never run in them", Tone.ASIDE)
    takes = f"the order as written takes {preemptions(e.written.preemptions)}"
    if not e.written_within:
        yield from wrapped("", f"{takes}: beyond the bound, not counted, but judged")


def _answers(e: Exploration) -> Iterator[Line]:
    for sight in e.kinds():
        name = sight.name.replace(sight.label, SPOKEN.get(sight.label, sight.label), 1)
        yield from wrapped("", f"{name}: {answer(sight, e)}", _TONES[sight.label], hang=2)
    absent = [SPOKEN.get(label, label) for label in LABELS if e.sight(label).modality is Modality.NEVER]
    if absent:
        yield from wrapped("", f"{', '.join(absent)}: never", hang=2)


def answer(sight: Sight, e: Exploration) -> str:
    """ "sometimes; needs 1 preemption; in 12 of 40 schedules": modality, fewest preemptions, schedules."""
    total = e.counted.total
    schedules = f"in {sight.count:,} of {total:,} schedules"
    if sight.shows is None:
        return f"never; {schedules}"
    if sight.hides is None:
        return f"always; {schedules}"
    if not sight.count:
        return f"sometimes; {schedules}, but in the order as written, with {preemptions(sight.shows.preemptions)}"
    needs = f"needs {preemptions(sight.shows.preemptions)}"
    if sight.hides.preemptions > sight.shows.preemptions:
        needs += f", does not show with {preemptions(sight.hides.preemptions)} at the fewest"
    written = "" if e.written_within else f"; the order as written {'shows' if sight.written else 'does not show'} it"
    return f"sometimes; {needs}; {schedules}{written}"


def _table(e: Exploration, platforms: Sequence[str]) -> Iterator[Line]:
    """One line for platforms that have the same, one column for each label that shows anywhere."""
    labels = [label for label in LABELS if e.sight(label).modality is not Modality.NEVER]
    if not labels:
        return
    together: dict[tuple[str, ...], list[str]] = {}
    for platform in platforms:
        cells = tuple(_cell(e.sight(label, None, platform), e.counted.total) for label in labels)
        together.setdefault(cells, []).append(platform)
    rows = [(*cells, ", ".join(names)) for cells, names in together.items()]
    head, *lines = columns([(*labels, "platforms"), *rows], width_chars=width_chars())
    yield Line(head, Tone.ASIDE)
    yield from map(Line, lines)


def _cell(sight: Sight, total: int) -> str:
    if sight.modality is Modality.SOMETIMES:
        return f"sometimes ({sight.count:,} of {total:,})"
    return str(sight.modality.value)


def _examples(e: Exploration) -> Iterator[list[Line]]:
    """Each schedule that is needed to see one thing happen, and not happen, once."""
    told: dict[str, tuple[Schedule, list[str], list[str]]] = {}
    for sight in e.kinds():
        for schedule, place in ((sight.shows, 1), (sight.hides, 2)):
            if sight.modality is Modality.SOMETIMES and schedule is not None:
                entry = told.setdefault("\n".join(schedule_lines(schedule)), (schedule, [], []))
                names = entry[1] if place == 1 else entry[2]
                names.append(sight.name)
    for text, (schedule, shows, hides) in told.items():
        said = [f"shows {', '.join(shows)}" if shows else "", f"does not show {', '.join(hides)}" if hides else ""]
        what = "; ".join(part for part in said if part)
        of_written = " (the order as written)" if schedule.ops == e.written.ops else ""
        title = wrapped("", f"With {preemptions(schedule.preemptions)}{of_written}, {what}:", Tone.TITLE)
        yield [*title, *(Line(line, Tone.ASIDE if line.startswith("#") else Tone.PLAIN) for line in text.split("\n"))]


def schedule_lines(schedule: Schedule) -> list[str]:
    """The schedule as a program of the language, with a comment at each switch."""
    at = {switch.line: switch for switch in schedule.switches}
    lines = [f"{LANGUAGE} {VERSION}"]
    for number, op in enumerate(schedule.ops):
        if number in at:
            lines.append(_switch(at[number]))
        lines.append(render_op(op))
    return lines


def _switch(switch: Switch) -> str:
    if not switch.preempts:
        return f"# {switch.enters} runs: {switch.leaves} cannot go on"
    where = " inside the call" if switch.inside_call else ""
    return f"# {switch.enters} runs: {switch.leaves} is preempted{where}"
