# SPDX-License-Identifier: GPL-2.0-only
"""Writes the pages of this folder: the debates about dma-debug, with what is true of each claim.

The claims are in debates.toml; verdicts, machines, eras and costs come from judging the programs of corpus/threads.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dmafuzz import program as language
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.program import Program, render_op
from dmafuzz.reporting import history
from dmafuzz.reporting.review import cost_lines
from dmafuzz.review import Review, Scope, by_names, review
from dmafuzz.review.costs import costs_of
from dmafuzz.storage import write_whole
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import Judgement, judging

HERE = Path(__file__).parent
CORPUS = HERE.parent.parent / "corpus"


def pages() -> dict[str, str]:
    """By file name: a page of each debate, and README.md, which lists them."""
    debates = tomllib.loads((HERE / "debates.toml").read_text(encoding="utf-8"))
    made = {f"{name}.md": page(debate) for name, debate in debates.items()}
    return {**made, "README.md": "\n".join(_list(debates)) + "\n"}


def page(debate: dict[str, Any]) -> str:
    """Of one debate, as debates.toml has it."""
    return "\n".join(_page(debate)) + "\n"


def _list(debates: dict[str, Any]) -> Iterator[str]:
    yield "# Debates about dma-debug"
    yield ""
    yield "What was asked, what each side said, and what is true on which machine, in which kernel."
    yield "Made by `python reports/debates/make.py` of judgements."
    yield ""
    yield from (f"- [{debate['title']}]({name}.md): {debate['thread']}" for name, debate in debates.items())


def _page(debate: dict[str, Any]) -> Iterator[str]:
    yield f"# {debate['title']}"
    yield ""
    yield f"Thread: {debate['thread']}."
    yield ""
    yield "## The question"
    yield ""
    yield " ".join(debate["question"].split())
    yield ""
    yield "## What was said, and what holds"
    yield ""
    yield "| who | said | it holds | programs |"
    yield "|---|---|---|---|"
    for claim in debate["claims"]:
        links = ", ".join(f"[{name}](#{name})" for name in claim["programs"]) or "costs, below"
        yield f"| {claim['who']} | {claim['said']} | {claim['holds']} | {links} |"
    printed = {name for claim in debate["claims"] if claim.get("printed") for name in claim["programs"]}
    also = {name: claim.get("also", ()) for claim in debate["claims"] for name in claim["programs"]}
    for name in also:
        yield from _program(name, debate["era"], also[name], name in printed)
    yield from _proposals(debate["proposals"])
    if debate["cost"]:
        yield from _costs()
    yield ""
    yield "## Not modelled"
    yield ""
    yield from (f"- {line}" for line in debate["not_modelled"])


def _program(name: str, era: str, also: Sequence[str], printed: bool) -> Iterator[str]:
    file = CORPUS / "threads" / f"{name}.dma"
    program = language.read(file)
    yield ""
    yield f"### {name}"
    yield ""
    yield "```"
    yield from (render_op(op) for op in program.ops)
    yield "```"
    yield ""
    yield f"On the machines of dma-debug of {era}:"
    yield ""
    yield from _machines(program, era, also)
    yield ""
    yield "| dma-debug of | labels | warnings |"
    yield "|---|---|---|"
    yield from (f"| {row.names} | {row.labels} | {row.warnings} |" for row in history.history(program))
    if printed:
        yield ""
        yield from _printed(program)


def _machines(program: Program, era: str, also: Sequence[str]) -> Iterator[str]:
    """Platforms with the same outcome in one line; ``also`` are of no portfolio of that time."""
    bench = judging(era, default_portfolio(era))
    outcomes: dict[str, list[str]] = {}
    for platform in (*bench.members, *also):
        outcomes.setdefault(_outcome(bench.judge(program, platform)), []).append(platform)
    for outcome, platforms in outcomes.items():
        yield f"- {outcome}: {', '.join(platforms)}"


def _outcome(judgement: Judgement) -> str:
    lost = ", ".join(sorted({corruption.kind for corruption in judgement.corruptions})) or "nothing is lost"
    harms = sorted({harm.kind for harm in judgement.harms if harm.kind != "exposure"})
    warned = ", ".join(dict.fromkeys(warning.id for warning in judgement.warnings)) or "silent"
    also = f"; {', '.join(harms)}" if harms else ""
    return f"**{' and '.join(judgement.labels) or 'no label'}**, {lost}{also}; dma-debug: {warned}"


def _printed(program: Program) -> Iterator[str]:
    """What a kernel as shipped prints, in two eras that differ in it."""
    for era in ("5.14", "5.15"):
        judgement = judging(era, default_portfolio(era)).judge(program, "x86-5.5")
        shown = [w for w in judgement.warnings if w.printed]
        stops = any(w.stops for w in judgement.warnings)
        yield (
            f"{era} with default settings prints {len(shown)} of {len(judgement.warnings)} warnings"
            f"{'; with panic_on_warn the machine stops there' if stops else '; panic_on_warn does not stop it'}."
        )


def _proposals(proposals: Sequence[dict[str, str]]) -> Iterator[str]:
    if not proposals:
        return
    yield ""
    yield "## What the proposals would have done"
    for proposal in proposals:
        made = _review(proposal["base"], proposal["tracker"])
        yield ""
        yield f"**{proposal['tracker']}**, a change to {proposal['base']}. {proposal['said']}"
        yield ""
        what = f"{made.programs:,} programs of up to {made.scope.ops} operations of the alphabet"
        yield f"Over all {what}, and the corpus: {made.sentence}"


def _review(base: str, proposal: str) -> Review:
    return review(by_names(base, proposal, None), Scope(3, 0), Bar(), lambda _seconds, _found: None)


def _costs() -> Iterator[str]:
    """Of a storm of copies on four CPUs: with the check, under RCU, and without it."""
    programs = [language.read(file).ops for file in sorted((CORPUS / "costs").glob("*.dma"))]
    yield ""
    yield "## Costs"
    yield ""
    yield "Four CPUs break copy-on-write of pages that no device uses (`corpus/costs`):"
    for first, second in (("5.5", "2020-rcu"), ("5.5", "5.9")):
        found = costs_of((first, second), programs, "x86-5.5")
        assert found is not None
        yield ""
        yield "```"
        yield from cost_lines(found, first, second)
        yield "```"


def main() -> None:
    for name, text in pages().items():
        write_whole(HERE / name, text.encode())
        print(HERE / name, file=sys.stderr)


if __name__ == "__main__":
    main()
