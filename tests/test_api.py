# SPDX-License-Identifier: GPL-2.0-only
"""`import dmafuzz`: its functions, their examples, portfolios of one's own, trackers in Python."""

from __future__ import annotations

import doctest
import pkgutil
import random
import sys
from pathlib import Path

import pytest

import dmafuzz
from dmafuzz import _core, api
from dmafuzz.platforms import PlatformError, load, portfolio, to_core
from dmafuzz.trackers import TrackerError, resolve
from dmafuzz.verdicts import judging
from support import ROOT, judge, ops_of, said

EXAMPLES = ROOT / "docs/examples"
EVERY_LINE = "py:every_line:EveryLine"
SHARED = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 2048 FROM_DEVICE
cpu0 m1 = map_page d1 b0 1024 1024 FROM_DEVICE
"""


def test_the_examples_in_the_docstrings_run() -> None:
    found = doctest.testmod(api)
    assert found.failed == 0
    documented = {name for name in dmafuzz.__all__ if ">>>" in (getattr(dmafuzz, name).__doc__ or "")}
    assert documented == set(dmafuzz.__all__)


def test_no_function_has_the_name_of_a_package() -> None:
    assert not {each.name for each in pkgutil.iter_modules(dmafuzz.__path__)} & set(dmafuzz.__all__)
    with pytest.raises(AttributeError, match="no attribute 'judgement'"):
        dmafuzz.judgement  # noqa: B018


# A portfolio of one's own


def test_a_portfolio_from_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('title = "mine"\nmembers = ["armv7-5.18", "x86-5.5"]\n')
    assert [member.name for member in portfolio(str(mine))] == ["armv7-5.18", "x86-5.5"]
    program = tmp_path / "shared.dma"
    program.write_text(SHARED)
    status, told = said("judge", program, "--portfolio", mine)
    assert status == 0
    assert "armv7-5.18" in told
    assert str(mine) in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "mine"\nmembers = ["armv7-5.81"]\n', r"mine\.toml: members\[0\]: found 'armv7-5\.81', expected"),
        ('title = "mine"\n', r"mine\.toml: members: found nothing, expected a value"),
        ("[mine\n", "is not TOML"),
    ],
)
def test_a_bad_portfolio_of_ones_own(tmp_path: Path, text: str, message: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text)
    with pytest.raises(PlatformError, match=message):
        portfolio(str(mine))


# Trackers in Python


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of the examples, as a user would be."""
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "path", [*sys.path])


def sharing(seed: int) -> str:
    """Maps of single pages on one page, and their unmaps, in any order."""
    rng = random.Random(seed)
    lines, live = ["cpu0 b0 = alloc pages 4096"], list[int]()
    for mapping in range(rng.randrange(2, 7)):
        start, size = rng.randrange(0, 1024, 16), rng.randrange(16, 400, 16)
        direction = rng.choice(("FROM_DEVICE", "BIDIRECTIONAL", "TO_DEVICE"))
        lines.append(f"cpu0 m{mapping} = map_page d{rng.randrange(2)} b0 {start} {size} {direction}")
        live.append(mapping)
        if rng.random() < 0.5:
            lines.append(f"cpu0 unmap_page m{live.pop(rng.randrange(len(live)))}")
    return "\n".join(lines)


def test_the_example_says_what_the_proposal_says() -> None:
    """Every line tracked in Python, held against `full-range` where no exemption of its era matters."""
    own = _core.Judge(resolve(EVERY_LINE).core, [to_core(load("armv7-5.18"))])
    model = judge("full-range", "armv7-5.18")
    overlaps = 0
    for seed in range(300):
        ops = ops_of(sharing(seed))
        found = [(w.op, w.line, w.line_size) for w in own.judge(ops, 0).warnings]
        expected = [w for w in model.judge(ops, 0).warnings if w.id == "line-overlap"]
        # Of several owners the kernel names the one that its tree points to.
        assert found == [(w.op, w.line, w.line_size) for w in expected], sharing(seed)
        overlaps += len(found)
    assert overlaps > 100


def test_a_tracker_in_python_is_one_to_the_commands(tmp_path: Path) -> None:
    program = tmp_path / "shared.dma"
    program.write_text(SHARED)
    status, told = said("judge", program, "--tracker", EVERY_LINE, "--platform", "armv7-5.18")
    assert status == 0
    assert "warns: line-overlap" in told
    assert judging(EVERY_LINE, "6.12").signatures_on(api.parse(SHARED), "armv7-5.18") is not None
    found = next(api.fuzz(EVERY_LINE, seconds=60))
    assert found.label in ("FN", "FP", "hazard")
    assert api.search(EVERY_LINE, ops=1).programs > 10


def test_an_installed_package_names_a_tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an entry point; a file may name that one, as somebody has installed it."""
    about = tmp_path / "installed" / "own_tracker-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: own-tracker\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[dmafuzz.trackers]\nown-lines = own_tracker:Own\n")
    (about.parent / "own_tracker.py").write_text("from every_line import EveryLine as Own\n")
    monkeypatch.syspath_prepend(about.parent)
    program = tmp_path / "shared.dma"
    program.write_text(f"{SHARED}expect tracker=own-lines platform=armv7-5.18 labels=hazard warnings=line-overlap\n")
    status, told = said("judge", program, "--tracker", "own-lines", "--platform", "armv7-5.18")
    assert (status, "warns: line-overlap" in told) == (0, True)
    status, told = said("judge", "--check", program)
    assert status == 0, told


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("py:every_line", "expected py:MODULE:CLASS"),
        ("py:no_such_module:X", "No module named 'no_such_module'"),
        ("py:every_line:Nothing", "no attribute 'Nothing'"),
        ("py:every_line:MAPS", r"MAPS has no on_hook\(call\)"),
    ],
)
def test_a_tracker_that_is_not_there(name: str, message: str) -> None:
    with pytest.raises(TrackerError, match=message):
        resolve(name)


def test_what_a_tracker_raises_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad_tracker.py").write_text("class Bad:\n    def on_hook(self, call):\n        raise KeyError(call)\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyError):
        api.judge(api.parse(SHARED), "py:bad_tracker:Bad", ["x86-5.5"])


@pytest.mark.parametrize("name", [EVERY_LINE, "kernel:/usr/src/linux", "kernel:../linux"])
def test_no_file_names_code(name: str, tmp_path: Path) -> None:
    program = tmp_path / "named.dma"
    program.write_text(f"{SHARED}expect tracker={name} platform=x86-5.5 labels=TN\n")
    status, told = said("judge", "--check", program)
    assert status != 0
    assert "kernel:NAME" in told
    program.write_text(f"{SHARED}expect tracker=kernel:nobody platform=x86-5.5 labels=TN\n")
    status, told = said("judge", "--check", program)
    assert status != 0
    assert "no kernel of that name has been added" in told


@pytest.mark.parametrize("look", ["judge", "signatures_on", "cost", "hooks"])
def test_a_platform_that_is_not_there(look: str) -> None:
    judge = _core.Judge("6.12", [to_core(load("x86-5.5"))])
    ops = dmafuzz.parse("dmafuzz 1\ncpu0 b0 = alloc kmalloc 64\n").ops
    with pytest.raises(IndexError, match="platform 7 of a portfolio of 1"):
        getattr(judge, look)(ops, 7)
