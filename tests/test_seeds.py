# SPDX-License-Identifier: GPL-2.0-only
"""Seeds of a trace: what a search begins with, and what is everyday among what it finds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz._core import OpKind
from dmafuzz.program import read
from dmafuzz.store import Store, StoreError, plant, read_corpus, read_seeds, target_of, uses_of
from dmafuzz.triage.order import rarest_use
from dmafuzz.triage.uses import CALLS, Uses
from support import said

PAIR = Path(__file__).parent.parent / "docs" / "howto" / "logs" / "two-parts-of-a-line.trace"
FTRACE = Path(__file__).parent / "traces" / "ftrace-6.12.107.txt"


def imported(tmp_path: Path, trace: Path = PAIR) -> Path:
    folder = tmp_path / "seeds"
    status, text = said("trace", "import", trace, "--seeds", folder)
    assert status == 0, text
    return folder


def fuzz(out: Path, *arguments: object) -> tuple[int, str]:
    return said("fuzz", "--engine", "native", "--programs", 64, "--out", out, *arguments)


def test_a_search_begins_with_the_programs_of_a_trace(tmp_path: Path) -> None:
    seeds, out = imported(tmp_path), tmp_path / "out"
    status, text = fuzz(out, "--seeds", seeds)
    assert status == 0, text
    assert "65 programs" in text  # its 64 and the seed
    (file,) = seeds.glob("*.dma")
    opened = Store.open(out)
    (target,) = opened.targets()
    with closing(Store.create(out)) as store:
        plant(store, [target], read_seeds(seeds))
    assert list(read_corpus(out, target)).count(read(file).encode()) == 1  # twice is as good as once

    # What is everyday there comes first: the trace maps pages, and has no coherent allocation.
    uses, before = uses_of(out), uses_of(tmp_path)
    assert uses.calls[OpKind.map_page] > uses.calls[OpKind.alloc_coherent]
    assert before.calls[OpKind.map_page] < before.calls[OpKind.alloc_coherent]
    assert said("top", out)[0] == 0


def test_frequencies_put_what_a_trace_has_before_what_it_has_not() -> None:
    uses = Uses.of_frequencies({"map_resource": 1, "map_page": 90, "unmap_page": 90, "SKIP_CPU_SYNC": 30})
    order = sorted(CALLS, key=lambda kind: -uses.calls[kind])
    assert {*order[:2]} == {OpKind.map_single, OpKind.map_page}  # one event for both
    assert order[2] is OpKind.map_resource
    unseen = [kind for kind in order[3:] if kind is not OpKind.map_page]
    assert [CALLS[kind] for kind in unseen] == sorted((CALLS[kind] for kind in unseen), reverse=True)
    assert max(uses.calls.values()) <= uses.every_day
    assert uses.calls[OpKind.map_resource] < uses.skip_cpu_sync < uses.calls[OpKind.map_page]
    seldom = _core.Op()
    seldom.kind = OpKind.alloc_coherent
    assert rarest_use([seldom], uses) == CALLS[OpKind.alloc_coherent]


def test_seeds_of_a_genuine_trace_are_read(tmp_path: Path) -> None:
    seeds = read_seeds(imported(tmp_path, FTRACE))
    assert len(seeds.programs) == 18
    assert seeds.frequencies["map_page"] == 12
    assert sum(seeds.frequencies.values()) > 50


def test_a_campaign_s_targets_begin_with_them(tmp_path: Path) -> None:
    seeds, plan = imported(tmp_path), tmp_path / "campaign.toml"
    plan.write_text('[campaign]\nslice = 64\n[[target]]\ntracker = "6.12"\n[[target]]\ntracker = "7.2"\n')
    status, text = said("campaign", "seed", seeds, plan)
    assert status == 0, text
    assert "1 programs for each of 2 targets" in text
    (file,) = seeds.glob("*.dma")
    store = tmp_path / "campaign"
    for tracker in ("6.12", "7.2"):
        target = target_of(tracker, tracker, tracker, tuple(each.name for each in platforms.portfolio(tracker)))
        assert list(read_corpus(store, target)) == [read(file).encode()]
    assert said("campaign", "seed", tmp_path / "nothing", plan)[0] == 2


@pytest.mark.parametrize(
    ("files", "said_of_it"),
    [
        ({}, "no seeds: expected a folder of programs"),
        ({"a.dma": "dmafuzz 1\nnonsense\n"}, "a.dma:2:1"),
        ({"a.dma": "dmafuzz 1\ncpu0 b0 = alloc pages 64\n", "frequencies.json": "[1"}, "expected counts by operation"),
        ({"a.dma": "dmafuzz 1\ncpu0 b0 = alloc pages 64\n", "frequencies.json": '{"map_page": -1}'}, "counts"),
    ],
)
def test_what_are_no_seeds_is_said_in_a_line(tmp_path: Path, files: dict[str, str], said_of_it: str) -> None:
    folder = tmp_path / "seeds"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    with pytest.raises(StoreError):
        read_seeds(folder)
    status, text = fuzz(tmp_path / "out", "--seeds", folder)
    assert status == 2
    assert said_of_it in text
    assert "Traceback" not in text
