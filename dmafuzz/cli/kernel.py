# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz kernel`: the code of kernel trees as trackers of their own name."""

from __future__ import annotations

import statistics

import click

from dmafuzz import _core, kernel
from dmafuzz import platforms as platform_files
from dmafuzz.kernel import Added, Registered
from dmafuzz.tables import columns
from dmafuzz.trackers import KERNEL, eras, like, own_era, resolve

from .errors import BadInput

_BENCH_PROGRAMS = 200_000


@click.group("kernel")
def kernels() -> None:
    """Build your kernel's own dma-debug code as a tracker.

    That compiles the tree's C code, and runs it in dmafuzz's own processes. Add only trees that you trust as you trust
    a program: SECURITY.md says what is confined, and what is not.

    It is used like any tracker: `--tracker kernel:NAME`.

    What is built stays in your cache folder, with a copy of the source files that it is built from.
    """


@kernels.command()
@click.argument("path", metavar="PATH", type=click.Path())
@click.option("--name", metavar="N", help="Default: the version in the tree's Makefile, else the folder's name.")
@click.option("--instrument", is_flag=True, help="Count the edges of the kernel's code that programs take.")
@click.option(
    "--include",
    "includes",
    metavar="DIR",
    multiple=True,
    type=click.Path(),
    help="Stand-in headers of your own, searched before ours; can be given more than once.",
)
@click.option(
    "--era",
    metavar="E",
    help="The era that the kernel's dma-debug is of: where both say the same, its model says why the kernel is silent. "
    "Default: the one that it warns like.",
)
def add(path: str, name: str | None, instrument: bool, includes: tuple[str, ...], era: str | None) -> None:
    """Build the dma-debug code of a kernel tree or archive."""
    if era is not None and era not in eras():
        raise BadInput(f"--era: there is no era {era!r}: {', '.join(eras())}")
    for line in _report(kernel.add(path, name, instrument, includes, era or "")):
        click.echo(line)


@kernels.command("list")
def list_kernels() -> None:
    """List the kernels that have been added."""
    entries = list(kernel.registered())
    rows = [("NAME", "VERSION", "ADDED", "INSTRUMENTED", "SOURCE"), *map(_row, entries)]
    if not entries:
        click.echo("no kernel is added: `dmafuzz kernel add PATH`")
        return
    for line in columns(rows):
        click.echo(line)


@kernels.command()
@click.argument("name", metavar="NAME")
def remove(name: str) -> None:
    """Remove a kernel that was added, with its files."""
    entry = kernel.remove(name)
    click.echo(f"{KERNEL}{entry.name}, of {entry.source}, is forgotten")


@kernels.command()
@click.argument("name", metavar="NAME")
@click.option("--platform", default="x86-5.5", show_default=True, metavar="P")
@click.option("--repeats", type=click.IntRange(1, 100), default=5, show_default=True)
def bench(name: str, platform: str, repeats: int) -> None:
    """Measure how many programs a second the kernel's code takes.

    A program has 24 hook calls.
    A page is mapped, checked, synced and unmapped, six times over. NAME is what comes after `kernel:`.
    """
    core = resolve(KERNEL + name).core
    machine = platform_files.to_core(platform_files.load(platform))
    rates = [1 / _core.clean_hooks_cost(core, machine, _BENCH_PROGRAMS) for _ in range(repeats)]
    click.echo(
        f"{KERNEL}{name} on {platform}: {statistics.median(rates):,.0f} programs of 24 calls a second "
        f"(median of {repeats}; {min(rates):,.0f} to {max(rates):,.0f})"
    )


def _report(added: Added) -> list[str]:
    entry, before = added.entry, added.before
    what = f"{KERNEL}{entry.name}: dma-debug of {_of(entry)}"
    if entry.instrumented:
        what += f", instrumented ({entry.instrumented})"
    if entry.includes:
        what += f", with stand-ins from {', '.join(entry.includes)}"
    if entry.instrumented and "clang" not in entry.instrumented:
        what += "; clang is not there, whose counters cost less"
    what += _of_era(entry)
    if before is None:
        return [what]
    if before.library == entry.library:
        return [f"{what}; the same as before"]
    return [f"{what}; replaces {_of(before)}, added {before.added}"]


def _of_era(entry: Registered) -> str:
    found = like(entry.folder, entry.era) if entry.era else own_era(entry.folder, entry.version)
    if found is None:
        return "; it warns like no era, so that why it is silent is not known"
    return f"; warns like {found.era} on {found.alike:,} of {found.programs:,} random programs"


def _of(entry: Registered) -> str:
    return f"{entry.version or 'an unknown version'} from {entry.source}"


def _row(entry: Registered) -> tuple[str, str, str, str, str]:
    return entry.name, entry.version or "-", entry.added, "yes" if entry.instrumented else "no", entry.source
