# SPDX-License-Identifier: GPL-2.0-only
"""What crosses from the core to Python: values with types, and the stub that says which."""

from __future__ import annotations

import copy
import difflib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dmafuzz import _core
from support import ROOT, judge, ops_of
from values import attributes

OVERLAP = """
    cpu0 b0 = alloc kmalloc 64
    cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
    cpu0 m1 = map_single d0 b0 0 64 FROM_DEVICE
    cpu0 write b0 0 64
"""
STUB = ROOT / "dmafuzz/_core.pyi"
PATTERNS = ROOT / "dmafuzz/core/binding/stub.pattern"


def judgement() -> _core.Judgement:
    found: _core.Judgement = judge("6.12", "armv7-5.18").judge(ops_of(OVERLAP), 0)
    return found


def test_values_are_equal_where_their_attributes_are() -> None:
    one, other = judgement(), judgement()
    assert one == other
    assert one.warnings
    assert [hash(warning) for warning in one.warnings] == [hash(warning) for warning in other.warnings]
    assert len({*one.corruptions, *other.corruptions}) == len(one.corruptions) > 1
    assert one.corruptions[0] != one.corruptions[1]
    assert one.warnings[0] != one.corruptions[0]
    assert one.labels != judge("silent", "armv7-5.18").judge(ops_of(OVERLAP), 0).labels


def test_values_cannot_be_changed() -> None:
    found = judgement()
    for value in (found, *found.warnings, *found.corruptions, *found.breaches, *found.mappings):
        for name, kept in attributes(value).items():
            with pytest.raises(AttributeError):
                setattr(value, name, kept)


def test_values_show_all_that_they_are() -> None:
    (breach, *_) = judgement().breaches
    rule = repr(breach.rule)
    assert repr(breach) == f"Breach(rule={rule}, op={breach.op}, mapping={breach.mapping})"
    assert all(f"{name}=" in repr(warning) for warning in judgement().warnings for name in attributes(warning))


def test_names_are_text_and_members_of_an_enumeration() -> None:
    (label, *_) = judgement().labels
    assert isinstance(label, _core.Label)
    assert label == "FN" or label in _core.Label
    assert {f"{label}": 1} == {label: 1} == json.loads(json.dumps({label: 1}))
    assert _core.WarningId("overlap>7") is _core.WarningId.overlap_beyond_7
    assert copy.deepcopy(label) is label


def test_every_member_has_the_name_that_the_core_prints() -> None:
    """Judged at random, each kind comes back as its own member."""
    met: set[str] = set()
    for seed in range(200):
        for each in judge("6.12", "armv7-5.18", "x86-5.5-iommu-strict").judge_all(_core.random_program(seed, 16)):
            met |= {type(name).__name__ for name in (*each.labels, *(w.id for w in each.warnings))}
            met |= {type(name).__name__ for c in each.corruptions for name in (c.kind, c.reason) if name}
    assert met == {"Label", "WarningId", "CorruptionKind", "Reason"}


# The stub


@pytest.mark.skipif(importlib.util.find_spec("nanobind") is None, reason="needs nanobind, which makes the stub")
def test_the_stub_is_the_one_that_is_made_of_the_core(tmp_path: Path) -> None:
    made = tmp_path / "made.pyi"
    command = [
        sys.executable,
        "-P",
        "-m",
        "nanobind.stubgen",
        "-q",
        "-m",
        "dmafuzz._core",
        "-p",
        str(PATTERNS),
        "-o",
        str(made),
    ]
    subprocess.run(command, check=True)
    difference = difflib.unified_diff(STUB.read_text().splitlines(), made.read_text().splitlines(), lineterm="")
    assert list(difference) == [], "make it anew: CONTRIBUTING.md"


# mypy.stubtest, which is told that nanobind's functions are functions.
STUBTEST = """
import sys
from mypy import stubtest
known = stubtest.is_probably_a_function
stubtest.is_probably_a_function = lambda it: known(it) or type(it).__name__ in ("nb_func", "nb_method")
sys.exit(stubtest.test_stubs(stubtest.parse_options(sys.argv[1:])))
"""
# How nanobind makes classes, which no stub says.
OF_NANOBIND = (
    "__nb_enum__ is not present in stub",
    "is a disjoint base at runtime",
    "is inconsistent, metaclass differs",
    "__init__ is inconsistent, stub does not have *args parameter",
)


def stubtest() -> list[str]:
    """What stubtest has to say of the core's stub."""
    command = [sys.executable, "-P", "-c", STUBTEST, "dmafuzz._core", "--concise"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert sum("metaclass differs" in line for line in lines) > 20, done.stdout + done.stderr
    return [line for line in lines if not any(known in line for known in OF_NANOBIND)]


def test_the_stub_says_what_is_there() -> None:
    assert stubtest() == []
