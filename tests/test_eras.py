# SPDX-License-Identifier: GPL-2.0-only
"""The trackers that are built in: names, kernel versions as aliases, and that each era differs from the one before."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from dmafuzz import _core, platforms
from dmafuzz.cli.main import main
from dmafuzz.platforms.kernels import Kernel
from dmafuzz.program import parse
from dmafuzz.reporting import judgement_to_json
from dmafuzz.trackers import TrackerError, builtins, default_portfolio, resolve
from dmafuzz.verdicts import judge

ERAS = [each for each in reversed(builtins()) if each.kind == "era"]
PROPOSALS = [each for each in builtins() if each.kind == "proposal"]
# Changes that no warning of a random program shows: the number of buckets (corpus/eras has a program that tells them
# apart), and where an entry is freed.
INVISIBLE = {("5.0", "5.5"), ("6.0", "6.1"), ("6.0", "6.13")}
PROGRAMS = 20_000

TWO_FRAGMENTS = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE
cpu0 m1 = map_single d0 b0 32 32 FROM_DEVICE
cpu0 unmap_single m0
cpu0 unmap_single m1
"""


def version(name: str) -> Kernel:
    return Kernel.parse(name.partition("-")[0])


def differences(one: str, other: str) -> list[object]:
    machines = [platforms.to_core(platforms.load(name)) for name in platforms.names()]
    found = _core.compare_trackers(one, other, machines, PROGRAMS, differences_max=1)
    return [(list(each.ops), each.platform) for each in found.differences]


def test_eras_go_from_the_first_kernel_with_dma_debug_to_the_newest() -> None:
    assert ERAS[0].name == "2.6.30"
    assert version(ERAS[-1].name) <= Kernel.parse(_core.newest_kernel())
    assert [version(era.name) for era in ERAS] == sorted(version(era.name) for era in ERAS)


def test_years_go_forward_and_every_change_is_named() -> None:
    years = [era.year or 0 for era in ERAS]
    assert years == sorted(years)
    assert years[0] >= 2009
    assert len({each.changed for each in builtins()}) == len(builtins())


def test_each_proposal_changes_an_era() -> None:
    assert {each.name for each in PROPOSALS} == {
        "2011-reader-writer",
        "2016-from-device-only",
        "2020-rcu",
        "2021-different-regions",
        "full-range",
        "cache-alignment",
    }
    assert {each.base for each in PROPOSALS} <= {era.name for era in ERAS}


def before(era: str) -> str:
    """The era that another one follows: vendors' kernels are followed by none."""
    names = [each.name for each in ERAS if not each.vendor or each.name == era]
    return names[names.index(era) - 1]


@pytest.mark.parametrize("era", [era.name for era in ERAS[1:]])
def test_an_era_warns_otherwise_than_the_one_before(era: str) -> None:
    assert bool(differences(before(era), era)) == ((before(era), era) not in INVISIBLE)


@pytest.mark.parametrize("proposal", PROPOSALS, ids=lambda each: each.name)
def test_a_proposal_warns_otherwise_than_its_era(proposal: object) -> None:
    name, base = proposal.name, proposal.base  # type: ignore[attr-defined]
    assert differences(base, name)


# Names


@pytest.mark.parametrize(
    ("name", "era"),
    [
        ("5.16", "5.15"),
        ("v5.17", "5.15"),
        ("5.15.3", "5.15"),
        ("3.14-rc1", "3.14-rc1"),
        ("3.14-rc7", "3.14"),
        ("3.13", "3.9"),
        ("2.6.37", "2.6.32"),
        ("4.19", "4.18"),
        ("5.8", "5.5"),
        ("6.1", "6.1"),
        ("6.5", "6.0"),
        ("6.11", "6.0"),
        ("6.12", "6.12"),
        ("6.14", "6.13"),
        ("6.19", "6.18"),
        ("7.3", "7.2"),
    ],
)
def test_a_kernel_version_is_an_alias_of_its_era(name: str, era: str) -> None:
    assert resolve(name).core == era
    assert resolve(name).name == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("2.6.29", "2.6.30"),
        ("7.4", "7.3"),
        ("8.0", "7.3"),
        ("5.20", "6.0"),
        ("6.12.40", "6.0"),
        ("4.19.300", "4.18"),
        ("full", "full-range"),
        ("6.x", "6."),
        ("", "dmafuzz list trackers` has them all"),
    ],
)
def test_a_name_that_is_none_is_answered_with_what_is_near(name: str, says: str) -> None:
    with pytest.raises(TrackerError, match=re.escape(says)):
        resolve(name)


@pytest.mark.parametrize(
    ("tracker", "portfolio"),
    [
        ("2.6.30", "2.6.36"),
        ("3.9", "2.6.36"),
        ("3.14-rc1", "3.14"),
        ("4.4", "3.14"),
        ("4.18", "4.19"),
        ("5.0", "4.19"),
        ("5.5", "5.8"),
        ("5.6", "5.8"),
        ("6.6", "6.6"),
        ("5.16", "5.15"),
        ("5.17", "5.17"),
        ("6.5", "6.1"),
        ("6.12", "6.12"),
        ("7.1", "6.12"),
        ("7.3", "7.2"),
        ("2011-reader-writer", "2.6.36"),
        ("full-range", "7.2"),
        ("silent", "6.12"),
    ],
)
def test_a_tracker_is_judged_against_the_machines_of_its_time(tracker: str, portfolio: str) -> None:
    assert default_portfolio(tracker) == portfolio


def test_the_list_names_them_all_with_year_and_change() -> None:
    lines = CliRunner().invoke(main, ["list", "trackers"]).output.splitlines()
    for each, line in zip(builtins(), lines, strict=False):
        assert line.startswith(each.name)
        assert each.changed in line
        assert each.year is None or str(each.year) in line


# What a warning is about


def overlap(tracker: str, platform: str) -> dict[str, object]:
    found = judge(parse(TWO_FRAGMENTS), tracker, [platform], default_portfolio(tracker))
    record = judgement_to_json(found[0])
    [warning] = [each for each in record["warnings"] if each["id"] == "line-overlap"]
    return dict(warning)


def test_a_warning_says_which_entry_and_line_it_is_about() -> None:
    warning = overlap("5.15", "x86-5.5")
    assert warning["entry_op"] == 1
    line = warning["line"]
    assert isinstance(line, dict)
    assert line["size"] == 64
    assert line["phys"] % 64 == 0
    assert "cacheline" in str(warning["rule"])


def test_what_is_printed_only_is_not_counted() -> None:
    assert overlap("5.14", "x86-5.5")["counted"] is False
    assert overlap("5.15", "x86-5.5")["counted"] is True


def test_the_story_tells_it(tmp_path: object) -> None:
    file = tmp_path / "p.dma"  # type: ignore[operator]
    file.write_text(TWO_FRAGMENTS)
    told = CliRunner().invoke(main, ["judge", str(file), "--tracker", "5.14", "--platform", "x86-5.5"]).output
    assert "Compared with the entry of op 1, cpu0 m0 = map_single" in told
    assert "not counted as an error" in " ".join(told.split())


def test_a_judgement_has_the_price_beside_it(tmp_path: object) -> None:
    file = tmp_path / "p.dma"  # type: ignore[operator]
    file.write_text(TWO_FRAGMENTS)
    told = CliRunner().invoke(main, ["judge", str(file), "--platform", "x86-5.5", "--json"]).output
    # Two maps, two questions of the map hooks and two of the driver, two unmaps: a lock each.
    assert json.loads(told.splitlines()[0])["cost"]["bucket_locks"] == 8
