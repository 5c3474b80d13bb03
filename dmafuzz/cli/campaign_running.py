# SPDX-License-Identifier: GPL-2.0-only
"""A plan carried out, for `campaign run` and `campaign ci`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from dmafuzz.campaign import CampaignFile, CampaignRun, ExecutorError, News, PlanFileError, Standing, open_executor
from dmafuzz.fuzzing import CampaignError
from dmafuzz.store import Store, StoreError, shown_path

from .errors import BadInput, Fault


def carry_out(
    plan: CampaignFile, file: Path, folder: Path, seconds: float | None, slices: int | None, news: News
) -> tuple[CampaignRun, list[Standing]]:
    """For a time, or so many slices; says what comes of each on standard error. Raises BadInput, Fault."""

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        with closing(Store.create(folder, shared=plan.campaign.executor == "folder")) as store:
            carried_out = CampaignRun(plan, store, open_executor(plan, folder, file.parent), news, say)
            return carried_out, carried_out.run(seconds, slices)
    except (StoreError, PlanFileError) as error:
        raise BadInput(str(error)) from None
    except (CampaignError, ExecutorError) as error:
        raise (Fault if error.ours else BadInput)(shown_path(error)) from None
