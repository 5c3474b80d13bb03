# SPDX-License-Identifier: GPL-2.0-only
"""What the commands of `dmafuzz campaign` share: the plan, times, grades, the table of targets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from dmafuzz.campaign import Baseline, BaselineError, CampaignFile, PlanFileError, Standing, read_baseline
from dmafuzz.campaign import read_plan_file as read_plan
from dmafuzz.campaign.figures import FIGURES, TargetState, figures_json
from dmafuzz.campaign.plan_file import FILE, duration
from dmafuzz.tables import columns

from .errors import BadInput

_SAID = ("programs_per_second", "coverage", "topics_by_grade", "topics_new_today", "last_new_topic_age", "topics_left")
plan_argument = click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), default=FILE)
scheduler = click.option(
    "--scheduler", metavar="ADDRESS", help="Have the slices done by workers of Dask: tls://host:8786."
)


def read_plan_file(file: Path, scheduler: str | None = None) -> tuple[CampaignFile, Path]:
    """The plan, and the folder of its store, which is beside the file unless it says otherwise. Raises BadInput."""
    try:
        plan = read_plan(file)
    except PlanFileError as error:
        raise BadInput(str(error)) from None
    if scheduler is not None:
        campaign = plan.campaign.model_copy(update={"executor": "dask"})
        dask = plan.dask.model_copy(update={"scheduler": scheduler})
        plan = plan.model_copy(update={"campaign": campaign, "dask": dask})
    return plan, file.parent / plan.campaign.store


def baseline_of(plan: CampaignFile, file: Path) -> Baseline:
    """The decisions that a plan names; none where it names no file. Raises BadInput."""
    if plan.triage.baseline is None:
        return Baseline()
    try:
        return read_baseline(file.parent / plan.triage.baseline)
    except BaselineError as error:
        raise BadInput(str(error)) from None


def seconds_of(length: str | None, until: str | None) -> float | None:
    """Of --for and --until. Raises BadInput."""
    if length is not None and until is not None:
        raise click.UsageError("either --for or --until, not both")
    if length is not None:
        seconds = duration(length)
        if not isinstance(seconds, float) or seconds <= 0:
            raise BadInput(f"--for: found {length!r}, expected a time like 90s, 30m, 8h or 2d")
        return seconds
    return None if until is None else _until(until)


def _until(text: str) -> float:
    """Seconds to the next time that the clock says so."""
    now = datetime.now()
    try:
        moment = datetime.strptime(text, "%H:%M")
    except ValueError:
        raise BadInput(f"--until: found {text!r}, expected a time of day like 06:00") from None
    then = now.replace(hour=moment.hour, minute=moment.minute, second=0, microsecond=0)
    return ((then if then > now else then + timedelta(days=1)) - now).total_seconds()


def hidden_canaries(rows: Sequence[Standing]) -> list[str]:
    """A sentence for each canary that had its chance and was not found out."""
    return [
        f"{row.table.tracker} was not found out in {row.slices} slices: this campaign is at fault"
        for row in rows
        if row.found_out is False and row.slices
    ]


def table_lines(rows: Sequence[Standing]) -> list[str]:
    """For people: a line for each target."""
    lines = [("TARGET", "WEIGHT", "SLICES", "SECONDS", "PROGRAMS", "CAUSES", "")]
    for row in rows:
        causes = ", ".join(f"{count:,} {label}" for label, count in sorted(row.causes.items())) or "none"
        found = {None: "", True: "found out", False: "not found out yet"}[row.found_out]
        figures = (f"{row.table.weight:g}", f"{row.slices:,}", f"{row.seconds:,.0f}", f"{row.programs:,}")
        lines.append((row.table.tracker, *figures, causes, found))
    return columns(lines, figures=range(1, 5))


def as_json(state: TargetState) -> str:
    """One target, with all figures."""
    row = state.standing
    facts = {"tracker": row.table.tracker, "weight": row.table.weight, "found_out": row.found_out}
    return json.dumps({**facts, **figures_json(state)})


def status_lines(all_states: Sequence[TargetState]) -> list[str]:
    """For people: the table, and the figures of each target; one screen for a few targets."""
    lines = table_lines([state.standing for state in all_states])
    for state in all_states:
        said = [f"{figure.title} {figure.words(state)}" for figure in FIGURES if figure.name in _SAID]
        lines.append(f"{state.standing.table.tracker}: {'; '.join(said)}")
    return lines
