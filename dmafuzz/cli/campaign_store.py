# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz campaign merge, sync, reindex, prune`: what keeps a store in order, and two of them alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from dmafuzz.campaign import PlanFileError, leases, read_plan_file
from dmafuzz.campaign.syncing import SyncError, synced
from dmafuzz.store import Joining, Keep, Store, StoreError, check_format, shown_path

from .errors import BadInput

store_argument = click.argument("store", metavar="STORE", type=click.Path(path_type=Path))


@click.command()
@store_argument
@click.argument("others", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
def merge(store: Path, others: tuple[Path, ...]) -> None:
    """Copy what other stores have, and STORE lacks. Twice is as good as once."""
    with changing(store) as opened:
        for other in others:
            count = opened.merge(other)
            click.echo(f"{shown_path(other)}: {count} packs copied")


@click.command()
@store_argument
@click.argument("other", metavar="HOST:DIR")
def sync(store: Path, other: str) -> None:
    """Exchange packs and ledgers with the store of another host, by rsync over ssh. Twice is as good as once.

    DIR alone is a folder of this host, or a disk that travels. Names that begin with a dash come after "--".
    """
    with changing(store) as opened:
        try:
            taken, given = synced(opened, other)
        except SyncError as error:
            raise BadInput(str(error)) from None
        click.echo(f"{shown_path(other)}: {taken:,} packs taken, {given:,} given")


@click.command()
@store_argument
def reindex(store: Path) -> None:
    """Make the index of a store anew, and check every pack."""
    with changing(store, anew=True) as opened:
        for target in opened.targets(every_build=True):
            click.echo(f"{target.slug}: {sum(opened.counts(target).values()):,} causes")


@click.command()
@store_argument
@click.option("--plan", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Also keep to the limits of this plan's [keep].")  # fmt: skip
def prune(store: Path, plan: Path | None) -> None:
    """Join the small packs of a store, and write its leaders anew.

    Packs that another host needs for what it is at are left alone.
    """
    try:
        limits = None if plan is None else read_plan_file(plan).keep
    except PlanFileError as error:
        raise BadInput(str(error)) from None
    with changing(store) as opened:
        needed = {name for _, names in leases(store) for name in names}
        if limits is not None:
            keep = Keep(limits.causes_per_topic, limits.corpus_days, limits.corpus_megabytes)
            counted, dropped = opened.keep_to(keep, needed)
            click.echo(f"{counted:,} causes kept as counts, {dropped:,} packs of programs dropped")
        click.echo(f"{opened.compact(Joining(leave=needed))} small packs joined")
        for target in opened.targets():
            opened.write_leaders(target)


@contextmanager
def changing(folder: Path, anew: bool = False) -> Iterator[Store]:
    """A store that is there, to write; a wrong path must not become one. Says in the end what was damaged.
    ``anew``: its index is made anew."""
    try:
        check_format(folder)
        with closing(Store.create(folder, anew=anew)) as store:
            yield store
            for line in store.damage:
                click.echo(line, err=True)
    except StoreError as error:
        raise BadInput(str(error)) from None
