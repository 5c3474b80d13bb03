# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz confirm`: programs on a real kernel, booted."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from tqdm import tqdm

from dmafuzz.confirmation import MACHINES, Answer, Confirmation, building, hunting, machine_for
from dmafuzz.confirmation.booted import confirming_on
from dmafuzz.confirmation.figures import Figures
from dmafuzz.confirmation.report import AT_FAULT as EXIT_AT_FAULT
from dmafuzz.confirmation.report import as_table, status_of

from . import options
from .errors import EXIT_BAD_INPUT
from .to_confirm import Programs

_FIRST = ("force-bounce", "plain")  # without --platform


class _WithFiles(click.Group):
    """What is no command of the group is a file for `run`; `--hunt` is `hunt`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] == "--hunt":
            args = ["hunt", *args[1:]]
        elif args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("confirm", cls=_WithFiles)
def confirm() -> None:
    """Run programs on a real kernel, booted under QEMU.

    Lost data and warnings of the guest are compared with the verdicts of dmafuzz.

    `dmafuzz confirm build TREE|ARCHIVE` builds a guest kernel; `dmafuzz confirm FILE|DIR...` runs programs on it.
    """


@confirm.command()
@click.argument("path", metavar="TREE|ARCHIVE", type=click.Path(exists=True, path_type=Path))
@click.option("--arch", type=click.Choice(building.ARCHES), default="x86_64", show_default=True)
@click.option("--name", metavar="N", help="Default: the kernel's release, with the architecture.")
@click.option("--jobs", type=click.IntRange(1), help="Compilers at a time. Default: one for each CPU.")
def build(path: Path, arch: str, name: str | None, jobs: int | None) -> None:
    """Build a guest kernel, and keep it in the cache folder.

    It takes some twelve minutes of one CPU, and 2.5 GB. A build that was interrupted is gone on with.
    """
    with tqdm(total=building.FILES_ABOUT, unit=" files", desc="guest kernel") as bar:

        def progress(what: str, done: int) -> None:
            bar.set_description(what, refresh=False)
            bar.update(done - bar.n)

        kernel = building.build(path, arch, name, jobs or os.cpu_count() or 1, progress)
    click.echo(f"{kernel.name}: {kernel.version} for {kernel.arch}, of {kernel.source}")


@confirm.command("list")
def list_kernels() -> None:
    """List guest kernels and machines."""
    for kernel in building.kernels():
        click.echo(f"kernel {kernel.name}: {kernel.version} for {kernel.arch}, built {kernel.added}")
    for machine in MACHINES:
        click.echo(f"machine {machine.name}: {machine.title}, for {', '.join(machine.platforms)}")


@confirm.command()
@click.argument("names", metavar="FILE|DIR|ID...", nargs=-1, required=True)
@click.option("--kernel", metavar="N", help="A guest kernel by name. Default: the one built last, for the machine.")
@click.option("--platform", "platforms", metavar="P", multiple=True, help="A platform or machine; can be repeated.")
@click.option("--tracker", metavar="T", help="Default: the model of the guest kernel's dma-debug.")
@click.option("--runs", type=click.IntRange(0), default=0, help="Runs with random well-behaved devices and CPUs.")
@click.option("--seed", type=int, default=0, help="Of these runs.")
@click.option(
    "--store",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("findings"),
    show_default=True,
    help="Where causes are looked up by ID, and what is confirmed is written down.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line: program and machine.")
@click.option("--transcript", type=click.Path(path_type=Path), help="Write down the whole exchange with the guests.")
@click.pass_context
def run(
    ctx: click.Context,
    names: Sequence[str],
    kernel: str | None,
    platforms: Sequence[str],
    tracker: str | None,
    runs: int,
    seed: int,
    store: Path,
    as_json: bool,
    transcript: Path | None,
) -> None:
    """Run programs on a booted kernel, and compare.

    ID is a cause in a store of findings. What a guest says of causes is kept in the store, and shown with them.
    """
    machines = [(name, building.find(kernel, machine_for(name).arch)) for name in platforms or _FIRST]
    programs = Programs(names, store)
    done: list[Confirmation] = []
    for name, chosen in machines:
        one = confirming_on(chosen, name, tracker, transcript)
        try:
            for item in tqdm(programs.items, desc=name, unit=" programs", disable=None):
                done.append(one.confirm(item.program, item.name, runs, seed))
                programs.confirmed(item, done[-1], chosen, machine_for(name))
                if as_json:
                    click.echo(json.dumps(asdict(done[-1]), default=_plain))
        finally:
            one.close()
    programs.close()
    if not as_json:
        for line in as_table(done):
            click.echo(line)
    ctx.exit(EXIT_BAD_INPUT if programs.failed else status_of(done))


@confirm.command()
@click.option("--kernel", metavar="N", help="A guest kernel by name. Default: the one built last, for the machine.")
@click.option("--platform", metavar="P", default=_FIRST[0], show_default=True, help="A platform or machine.")
@click.option("--tracker", metavar="T", help="Default: the model of the guest kernel's dma-debug.")
@click.option("--time", "seconds", type=click.FloatRange(0), default=60, show_default=True, metavar="S")
@click.option("--seed", type=options.SEED, default=0, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Keep the programs that disagree here.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object, for `dmafuzz confirm figures`.")
@click.pass_context
def hunt(
    ctx: click.Context,
    kernel: str | None,
    platform: str,
    tracker: str | None,
    seconds: float,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare random programs with a guest until the time is up.

    Devices and CPUs access memory at random, while they own it.
    """
    chosen = building.find(kernel, machine_for(platform).arch)
    one = confirming_on(chosen, platform, tracker)
    number = itertools.count()

    def report(found: hunting.Found) -> None:
        text = found.text(platform)
        for line in () if as_json else (*text.splitlines(), *as_table([found.confirmation])[:-2], ""):
            click.echo(line)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{platform}-{seed}-{next(number)}.dma").write_text(text, encoding="utf-8")

    try:
        with tqdm(desc=platform, unit=" programs", disable=None) as bar:

            def progress(so_far: hunting.Hunt) -> None:
                bar.set_postfix(runs=so_far.runs, found=len(so_far.found), refresh=False)
                bar.update(so_far.programs - bar.n)

            done = hunting.hunt(one, seconds, seed, report, progress)
    finally:
        one.close()
    answers = ", ".join(f"{count} {answer}" for answer, count in sorted(done.answers.items()))
    if as_json:
        what = {"hunt": str(out or ""), "kernel": chosen.version, "machine": machine_for(platform).name, "seed": seed}
        counts = {"seconds": seconds, "programs": done.programs, "runs": done.runs, "answers": done.answers}
        found = [{"text": f.text(platform), "confirmation": asdict(f.confirmation)} for f in done.found]
        click.echo(json.dumps({**what, **counts, "found": found}, default=_plain))
    else:
        click.echo(f"{platform}, {chosen.version}: {done.programs} programs, {done.runs} runs: {answers}")
    ctx.exit(EXIT_AT_FAULT if done.found else 0)


@confirm.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--into", metavar="REPORT", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def figures(files: Sequence[Path], into: Path | None) -> None:
    """Make tables of what confirmations and hunts have found.

    FILE is what their `--json` has written.

    With --into, the tables go between the marks of a report.
    """
    counted = Figures()
    for file in files:
        counted.add(file)
    if into is None:
        click.echo(counted.markdown(), nl=False)
    else:
        counted.into(into)


def _plain(value: object) -> str:
    return value.value if isinstance(value, Answer) else str(value)
