# SPDX-License-Identifier: GPL-2.0-only
"""The pages of the debates say what judging says today."""

from __future__ import annotations

import importlib.util
import tomllib
from functools import cache
from types import ModuleType

import pytest

from dmafuzz.trackers import builtins
from support import ROOT

FOLDER = ROOT / "reports" / "debates"
DEBATES = tomllib.loads((FOLDER / "debates.toml").read_text())
# Without reviews of proposals, so that it takes a second.
SHORT = "2014-arm-coherent-allocation"


@cache
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_debates", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_five_each_with_claims_and_what_is_not_modelled() -> None:
    assert len(DEBATES) == 5
    names = {each.name for each in builtins()}
    for debate in DEBATES.values():
        assert debate["claims"]
        assert debate["not_modelled"]
        assert debate["question"].strip()
        assert debate["era"] in names
        assert {proposal["tracker"] for proposal in debate["proposals"]} <= names


def test_every_program_of_a_thread_is_on_a_page() -> None:
    shown = {name for debate in DEBATES.values() for claim in debate["claims"] for name in claim["programs"]}
    there = {file.stem for file in (ROOT / "corpus" / "threads").glob("*.dma")}
    assert shown == there


def test_a_page_is_what_the_script_makes() -> None:
    assert (FOLDER / f"{SHORT}.md").read_text() == make().page(DEBATES[SHORT])


@pytest.mark.slow
def test_all_pages_are_what_the_script_makes() -> None:
    for name, text in make().pages().items():
        assert (FOLDER / name).read_text() == text, name
