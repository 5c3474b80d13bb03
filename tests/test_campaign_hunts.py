# SPDX-License-Identifier: GPL-2.0-only
"""A booted kernel as a campaign's target: what it shows otherwise is kept, and told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dmafuzz.campaign import Baseline, hunts, standings
from dmafuzz.campaign.filing import Filing
from dmafuzz.campaign.news import News
from dmafuzz.campaign.plan_file import CampaignFile, read_plan_file
from dmafuzz.campaign.schedule import Schedule
from dmafuzz.campaign.slices import Slice, SliceError, SliceResult
from dmafuzz.confirmation import Confirming, building, hunting
from dmafuzz.store import Store
from dmafuzz.store.runs import PLANNED
from dmafuzz.verdicts import judging
from stand_in_guest import KERNEL, StandInGuest
from support import program_of, said

PLAN = """
[campaign]
slice = 2
[[target]]
tracker = "guest:mine"
machine = "plain"
"""
RECEIVES = program_of(
    "cpu0 b0 = alloc pages 64",
    "cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE",
    "device m0 write 0 64",
    "cpu0 unmap_page m0",
)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CampaignFile:
    """Its kernel is built, and is a stand-in whose devices write nothing."""
    monkeypatch.setattr(building, "find", lambda name, arch: KERNEL)
    bench = judging("6.12", "6.12")
    one = Confirming(bench, "x86-5.5", "plain", KERNEL.version, lambda: StandInGuest(deaf=True))
    monkeypatch.setattr(hunts, "confirming_on", lambda *_: one)
    monkeypatch.setattr(hunting, "_chosen", lambda *_: RECEIVES)
    path = tmp_path / "campaign.toml"
    path.write_text(PLAN)
    return read_plan_file(path)


def first_slice(plan: CampaignFile, store: Store) -> Slice:
    piece = Schedule(plan, store, None).next(None)
    assert piece is not None
    return piece


def test_what_a_booted_kernel_shows_otherwise_is_kept_and_told(plan: CampaignFile, tmp_path: Path) -> None:
    with closing(Store.create(tmp_path / "store")) as store:
        piece = first_slice(plan, store)
        assert (piece.tracker, piece.portfolio, piece.programs) == ("guest:mine", "plain", 2)
        store.note(PLANNED, True, run=piece.id, target=piece.target, number=piece.number, slice=piece.to_json())
        assert piece.plan(tmp_path).target.platforms == ("x86-5.5",)
        result = SliceResult.from_bytes(hunts.carry_out_hunt(Slice.from_json(piece.to_json())).to_bytes())
        assert (result.counted, result.interrupted) == (2, False)
        filed = Filing(plan, store, News(plan, Baseline())).file(piece, result)
        assert filed is not None
        assert filed.disagree == len(result.quarantined) > 0
        assert not filed.grades
        kept = sorted((tmp_path / "store" / "unconfirmed").iterdir())
        assert [path.name for path in kept] == sorted(result.quarantined)
        assert all(f"unconfirmed/{path.name}" in filed.told for path in kept)
        text = kept[0].read_text()
        assert "# impossible: dmafuzz confirm FILE --platform plain --runs " in text
        assert said("judge", kept[0])[0] == 0
    with closing(Store.open(tmp_path / "store")) as store:
        [standing] = standings(plan, store)
        assert (standing.slices, standing.programs) == (1, 2)
        assert first_slice(plan, store).number == 1


def test_a_kernel_that_is_not_built_here_is_one_line(
    plan: CampaignFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Store.create(tmp_path / "store")) as store:
        piece = first_slice(plan, store)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(SliceError, match="no guest kernel for x86_64 is built as 'mine'"):
        piece.plan(tmp_path)
    status, text = said("campaign", "check", tmp_path / "campaign.toml")
    assert status == 2
    assert "no guest kernel for x86_64 is built as 'mine'" in text
    assert "Traceback" not in text
