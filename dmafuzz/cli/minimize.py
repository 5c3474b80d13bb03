# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz minimize`: the smallest program that still shows the same."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click

from dmafuzz import platforms
from dmafuzz import program as language
from dmafuzz.catalogue import proof_for
from dmafuzz.catalogue.proof import QUICK_OPS
from dmafuzz.exhaustive import SearchPlan, Signature
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.program import Comments, Program
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import Judging, Minimized, VerdictError, judging
from dmafuzz.verdicts.meanings import reason_words

from . import options
from .errors import BadInput, complain

_LABELS = ("broken", "FN", "FP", "hazard")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@options.tracker
@click.option(
    "--platform", metavar="P", help="The platform of the finding. Default: the first of the portfolio that shows it."
)
@options.portfolio
@click.option("--label", type=click.Choice(_LABELS), help="The label of the finding. Default: the first.")
@click.option("--kind", metavar="K", help="The kind of corruption (FN) or the warning (others). Default: the first.")
@click.option("--reason", metavar="R", help="The tracker's reason (see dmafuzz list reasons). Default: the first.")
@click.option(
    "--prove",
    type=click.IntRange(1, 6),
    metavar="N",
    help="Search all programs of up to N operations for a smaller one (see dmafuzz search). Default: 3, or the longest "
    "search that has been done.",
)
@click.option("--out", metavar="FILE", type=click.Path(), help="Write the program there instead of printing it.")
def minimize(
    file: str,
    tracker: str,
    platform: str | None,
    portfolio: str | None,
    label: str | None,
    kind: str | None,
    reason: str | None,
    prove: int | None,
    out: str | None,
) -> None:
    """Reduce a program to the smallest one with the same finding.

    The result is 1-minimal: no single removal or simplification keeps its cause. It stays about
    the same: how many mappings lose data, which operation loses it, and why the tracker says nothing.

    What the exhaustive search says of it comes with it: `minimal: proved (<= N)` where no smaller program of its
    alphabet shows the same, else `minimal: local`.
    """
    program = language.read(file)
    name = portfolio or default_portfolio(tracker)
    bench = judging(tracker, name)
    where, what, which, why = _target(bench, program, file, platform, label, kind, reason)
    start = time.perf_counter()
    found = bench.minimize(program, where, what, which, why, written=True)
    seconds = time.perf_counter() - start
    cause = f"{what} of {which} with tracker {tracker} on {where}; rules broken: {', '.join(found.rules) or 'none'}"
    because = f"reason: {found.reason}: {reason_words(found.reason)}" if found.reason else "the tracker crashed"
    effort = (
        f"{len(program.ops)} to {len(found.program.ops)} operations, {found.tried} programs tried in {seconds:.2f} s"
    )
    minimal = Program(
        found.program.ops, comments=Comments(head=(f"# {cause}", f"# {because}", *_proof(bench, found, prove)))
    )
    if out is None:
        click.echo(language.render(minimal), nl=False)
        click.echo(f"# {effort}")
        return
    try:
        language.write(out, minimal)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written: {error.strerror}") from None
    click.echo(f"{out}: {cause}; {effort}")


def _proof(bench: Judging, found: Minimized, prove: int | None) -> Iterator[str]:
    """What the exhaustive search says, as comment lines; nothing of a tracker that it cannot look into."""
    if bench.tracker.kernel:
        return
    members = tuple(platforms.portfolio(bench.portfolio))
    plan = SearchPlan(bench.tracker.name, bench.tracker.core, bench.portfolio, members, prove or QUICK_OPS)
    bar = Bar()
    try:
        proof = proof_for(plan, bar if prove else None)
    except KeyboardInterrupt:
        bar.end()
        complain("interrupted: not all smaller programs were looked at")
        yield "# minimal: local"
        return
    finally:
        bar.end()
    signature = Signature(found.label, found.kind, found.rules, found.reason)
    yield f"# minimal: {proof.stamp(signature, found.program.ops)}"
    if smaller := proof.smaller(signature, found.program.ops):
        lines = "; ".join(language.render_op(op) for op in smaller.ops)
        yield f"# smaller, of the same kind, for the same reason, breaking the same rules: {lines}"


def _target(
    bench: Judging,
    program: Program,
    file: str,
    platform: str | None,
    label: str | None,
    kind: str | None,
    reason: str | None,
) -> tuple[str, str, str, str]:
    """Platform, label, kind and reason of the first target that is as asked. Raises VerdictError if there is none."""
    there_is = []
    for where, what, which, why in _targets(bench, program, platform):
        if label in (None, what) and kind in (None, which) and reason in (None, why):
            return where, what, which, why
        there_is.append(f"{what} of {which} ({why})" if reason else f"{what} of {which}")
    asked = [label or "FN, FP or hazard", *(["of kind", kind] if kind else []), *([f"({reason})"] if reason else [])]
    others = f"; there is {', '.join(dict.fromkeys(there_is))}" if there_is else ""
    place = platform or f"any platform of portfolio {bench.portfolio}"
    raise VerdictError(f"{file}: shows no {' '.join(asked)} with tracker {bench.tracker.name} on {place}{others}")


def _targets(bench: Judging, program: Program, platform: str | None) -> Iterator[tuple[str, str, str, str]]:
    for where in (platform,) if platform is not None else bench.members:
        for what, which, why in bench.signatures_on(program, where):
            yield where, what, which, why
