# SPDX-License-Identifier: GPL-2.0-only
"""Makes the table of leaders anew, from catalogues and programs: `python -m dmafuzz.kernel_log.make_leaders`."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from dmafuzz import program as language
from dmafuzz._core import BufferKind, Op, OpKind
from dmafuzz.catalogue.files import catalogue_files, json_text
from dmafuzz.program import Program, ProgramError, parse, render_op
from dmafuzz.program.render import LANGUAGE, VERSION

from .benches import Bench, Outcome, eras
from .leaders import BYTES_MAX, FILE, MEANINGS, Leader, Table, meaning_of, to_json

# Of each check, label and set of broken rules in a catalogue, this many programs; the smallest are first there.
_OF_A_KIND_MAX = 2
_OF_A_CHECK_MAX = 40
# How often drivers use a call (in a 6.12 tree's), by the beginning of its name; what is not here is rarer.
_USES = (
    ("alloc_coherent", 1872), ("free_coherent", 1872), ("map_single", 1220), ("unmap_single", 1220), ("map_sg", 395),
    ("unmap_sg", 395), ("sync_single_for_device", 353), ("sync_sg_for_device", 353), ("sync_single_for_cpu", 264),
    ("sync_sg_for_cpu", 264), ("map_page", 183), ("unmap_page", 183), ("map_resource", 16), ("alloc_noncoherent", 15),
    ("alloc_noncontiguous", 4),
)  # fmt: skip
_EVERYDAY = ("alloc", "free", "read", "write", "forget", "unbind", "mapping_error")
_EVERYDAY_BUFFERS = (BufferKind.pages, BufferKind.kmalloc)
_SKIPPED_SYNC, _ODD = 120, 50  # uses of an attribute; of buffers of other kinds, and of what only some programs do
_Size = tuple[int, int, tuple[str, ...]]
_Rank = tuple[int, int, bool, int, _Size]
_SHORT = 4  # operations of a program that can be read at a glance
# Operations of a leader: nine mappings of a line and their unmaps are the longest that any check needs.
_OPS_MAX = 20


def candidates(catalogues: Path, corpus: Path) -> list[Program]:
    """Programs of the catalogues, and of the corpus for what no catalogue reaches; smallest first."""
    found: dict[tuple[str, ...], Program] = {}
    for path in catalogue_files(catalogues):
        for program in _of_catalogue(json.loads(json_text(path))):
            found.setdefault(_lines(program), program)
    for path in sorted(corpus.rglob("*.dma")):
        program = language.read(path)
        if len(program.ops) <= _OPS_MAX:
            found.setdefault(_lines(program), Program(program.ops))
    return sorted(found.values(), key=lambda each: _size(_lines(each)))


def make(programs: Sequence[Program], names: Iterable[str]) -> Table:
    """The leaders of eras out of programs: for each meaning the one that breaks the fewest rules; of these one whose
    rarest call is the least rare; of short ones one that loses data on most platforms; then the smallest."""
    uses = {program: _everyday(program.ops) for program in programs}
    table: dict[tuple[str, str], dict[str, Leader]] = {}
    best: dict[tuple[str, str, str], _Rank] = {}
    for era in names:
        bench = Bench(era)
        for program in programs:
            for check, outcome in bench.outcomes(program.ops).items():
                meaning = meaning_of(outcome)
                rank = _rank(program, outcome, uses[program])
                if (check, era, meaning) not in best or rank < best[check, era, meaning]:
                    best[check, era, meaning] = rank
                    table.setdefault((check, era), {})[meaning] = _leader(program.ops, outcome)
    return {key: _ordered(rows) for key, rows in sorted(table.items(), key=lambda item: item[0][0])}


def _of_catalogue(catalogue: Mapping[str, Any]) -> Iterator[Program]:
    """Those of warnings: an entry without one is of losses without a warning.

    Only what a catalogue of any edition has is looked at: a label, the kind of warning, rules, and a program. One that
    the language has no more is left out.
    """
    kinds: Counter[object] = Counter()
    of_check: Counter[str] = Counter()
    for entry in catalogue["entries"]:
        if entry["label"] not in ("FP", "hazard"):
            continue
        kind = (entry["label"], entry["kind"], *entry["rules"])
        if kinds[kind] == _OF_A_KIND_MAX or of_check[entry["kind"]] == _OF_A_CHECK_MAX:
            continue
        with contextlib.suppress(ProgramError):
            yield parse("\n".join((f"{LANGUAGE} {VERSION}", *entry["program"])))
            kinds[kind] += 1
            of_check[entry["kind"]] += 1


def _rank(program: Program, outcome: Outcome, uses: int) -> _Rank:
    losing = len(outcome.losing)
    return len(outcome.rules), -uses, len(program.ops) > _SHORT, -losing, _size(_lines(program))


def _everyday(ops: Sequence[Op]) -> int:
    """How often the rarest call of a program is used by drivers."""
    return min((_uses(op) for op in ops), default=0)


def _uses(op: Op) -> int:
    if op.split or op.kind == OpKind.finish:
        return 0
    name = op.kind.name
    if name == "alloc" and op.buffer_kind not in _EVERYDAY_BUFFERS:
        return _ODD
    if name in _EVERYDAY:
        return max(uses for _, uses in _USES)
    uses = next((uses for beginning, uses in _USES if name == beginning), 1)
    return min(uses, _SKIPPED_SYNC) if op.attrs else uses


def _leader(ops: Sequence[Op], outcome: Outcome) -> Leader:
    lines = tuple(render_op(op) for op in ops)
    return Leader(meaning_of(outcome), lines, tuple(sorted(outcome.losing)), tuple(sorted(outcome.platforms)))


def _ordered(rows: dict[str, Leader]) -> tuple[Leader, ...]:
    return tuple(rows[meaning] for meaning in MEANINGS if meaning in rows)


def _lines(program: Program) -> tuple[str, ...]:
    return tuple(render_op(op) for op in program.ops)


def _size(lines: tuple[str, ...]) -> _Size:
    return len(lines), sum(len(line) for line in lines), lines


@click.command()
@click.option("--catalogues", type=click.Path(path_type=Path), default=Path("reports/catalogue"), show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parent / FILE)
def main(catalogues: Path, corpus: Path, out: Path) -> None:
    """Write the table of leaders that `dmafuzz explain` uses."""
    programs = candidates(catalogues, corpus)
    text = to_json(make(programs, tqdm(eras(), unit=" eras", leave=False, disable=None)))
    if len(text) > BYTES_MAX:
        raise click.ClickException(
            f"{len(text):,} bytes of leaders: more than {BYTES_MAX:,} are not put into the wheel"
        )
    out.write_text(text, encoding="utf-8")
    click.echo(f"{out}: {len(text):,} bytes, out of {len(programs):,} programs")


if __name__ == "__main__":
    main()
