# SPDX-License-Identifier: GPL-2.0-only
"""One program as the source of a kernel module: a folder with C, Makefile and README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz import _core
from dmafuzz._core import Corruption, WitnessStep
from dmafuzz.program import Program, render_op
from dmafuzz.reporting.story import story
from dmafuzz.storage import write_all_whole
from dmafuzz.verdicts import Judgement, Judging

from . import readme
from .course import Course, is_wild
from .errors import ExportError
from .refusal import Danger, dangers
from .source import Source

_HERE = Path(__file__).parent
_PARTS = ("Kbuild", "Makefile", "harness.c", "harness.h")
_STORY_CHARS = 112
_SHOWN_MAX = 3


@dataclass(frozen=True)
class Export:
    """``files`` by name. ``shown``: the corruption that the module's accesses lead to, if there is one."""

    files: dict[str, bytes]
    shown: Corruption | None
    checks: int
    dangers: tuple[str, ...]

    def write(self, folder: Path) -> None:
        """Writes the folder, all of it or nothing."""
        folder.mkdir(parents=True, exist_ok=True)
        write_all_whole(folder, self.files)


def export(program: Program, name: str, judging: Judging, platform: str, guest_only: bool = False) -> Export:
    """The module of a program, which shows what is lost on ``platform``.

    ``guest_only``: programs that could touch memory that is not their own are exported too, for virtual machines.
    Raises ExportError for a program that cannot be written as C, or that must not run on a real machine.
    """
    judgements = [judging.judge(program, member, name) for member in judging.members]
    here = next((j for j in judgements if j.platform == platform), None) or judging.judge(program, platform, name)
    found = dangers(program, [*judgements, here])
    corruption, steps = _shown(program, judging, here)
    after = is_wild(steps)
    if after is not None:
        found.append(Danger(after, "after it a device has to write memory that is not its own"))
    said = [danger.sentence(here.ops) for danger in found]
    if found and not guest_only:
        raise ExportError(_refusal(name, said))
    judge, places = judging.judge_for(platform)
    facts = _core.run(judge, program.ops, places[0])
    source = Source(facts.ops, Course(facts, corruption, steps).events)
    text = [render_op(op) for op in program.ops]
    stamped = bool(found)
    told = [line.text for line in story(program, judging, [here])]
    head = [f"{name}, exported by dmafuzz for {platform}.", "", *_narrow(told)]
    files = {part: (_HERE / "module" / part).read_bytes() for part in _PARTS}
    files["program.c"] = source.text(name, head, stamped).encode()
    beginning = readme.readme(name, judging, judgements, platform, text)
    files["README.md"] = f"{beginning}\n{readme.told(told, said, stamped)}".encode()
    return Export(files, corruption, source.checks, tuple(said))


def _shown(
    program: Program, judging: Judging, judgement: Judgement
) -> tuple[Corruption | None, tuple[WitnessStep, ...]]:
    """The corruption to show, and its witness: one without stray writes, if there is one; unexplained ones first."""
    first: tuple[Corruption, tuple[WitnessStep, ...]] | None = None
    for corruption in sorted(judgement.corruptions, key=lambda c: (c.explained, c.op)):
        if not corruption.buffer.startswith("b"):
            continue
        steps = tuple(judging.witness(program, judgement.platform, corruption))
        if is_wild(steps) is None:
            return corruption, steps
        first = first or (corruption, steps)
    return first or (None, ())


def _refusal(name: str, said: Sequence[str]) -> str:
    more = f"\n  and {len(said) - _SHOWN_MAX} more" if len(said) > _SHOWN_MAX else ""
    shown = "".join(f"\n  {line}" for line in said[:_SHOWN_MAX])
    return f"{name}: could touch memory that is not its own (--guest-only exports it all the same):{shown}{more}"


def _narrow(lines: Sequence[str]) -> list[str]:
    """Lines for a comment of C."""
    out = []
    for line in lines:
        while len(line) > _STORY_CHARS:
            at = line.rfind(" ", 0, _STORY_CHARS)
            out.append(line[:at])
            line = f"    {line[at + 1 :]}"
        out.append(line)
    return out
