# SPDX-License-Identifier: GPL-2.0-only
"""The house has floors: a folder knows only folders of floors below its own, so there are no circles of folders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dmafuzz"
CORE = PACKAGE / "core"

# From the ground up. Folders of one floor do not know each other.
CORE_FLOORS = [
    {"check", "state"},
    {"program"},
    {"alphabet", "platform"},
    {"run"},
    {"coherency", "machine", "tracker"},
    {"judge"},
    {"exhaustive", "fuzzing", "schedule"},
    {"benchmark", "review"},
    {"binding", "tests"},
]
PACKAGE_FLOORS = [
    {"estimates", "storage", "tables", "templates"},
    {"checks", "platforms", "program"},
    {"kernel"},
    {"trackers"},
    {"verdicts"},
    {"exhaustive", "schedules", "triage"},
    {"findings"},
    {"store"},
    {"catalogue"},
    {"confirmation", "fuzzing", "review"},
    {"campaign"},
    {"reporting"},
    {"publishing"},
    {"benchmark", "kernel_log"},
    {"export", "traces"},
    {"cli"},
]
# Includes of the core that no folder of the core has: what a user's compiler builds shares the kernel's stand-ins.
SHARED = {"kernel/abi.h", "kernel/warnings.h"}

Arrow = tuple[str, str, str]  # from a folder, to a folder, in a file


def included(folder: Path) -> Iterator[Arrow]:
    """The folders that C++ files include from."""
    for path in sorted(folder.rglob("*.?pp")):
        for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.MULTILINE):
            if name not in SHARED:
                yield path.relative_to(folder).parts[0], name.split("/")[0], str(path.relative_to(folder))


def imported(folder: Path) -> Iterator[Arrow]:
    """The folders that Python files import from, for their types alone or late as well."""
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(folder).parts
        if len(place) == 1 or place[0] == "core":
            continue
        for name in _modules(ast.parse(path.read_text()), (folder.name, *place[:-1])):
            parts = name.split(".")
            if parts[0] == folder.name and len(parts) > 1 and (folder / parts[1]).is_dir():
                yield place[0], parts[1], str(path.relative_to(folder))


def _modules(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def against_the_order(arrows: Iterator[Arrow], floors: list[set[str]]) -> list[str]:
    """What points to the same floor or up, or to a folder that is on none."""
    floor = {name: number for number, names in enumerate(floors) for name in names}
    return [
        f"{path}: {here} (floor {floor.get(here)}) knows {there} (floor {floor.get(there)})"
        for here, there, path in arrows
        if here != there and not floor.get(here, -1) > floor.get(there, len(floors))
    ]


def folders(place: Path, pattern: str) -> set[str]:
    return {path.name for path in place.iterdir() if path.is_dir() and any(path.rglob(pattern))}


def test_each_folder_has_a_floor() -> None:
    assert folders(CORE, "*.?pp") == set().union(*CORE_FLOORS)
    assert folders(PACKAGE, "*.py") - {"core", "__pycache__"} == set().union(*PACKAGE_FLOORS)


def test_folders_of_the_core_know_only_floors_below() -> None:
    arrows = list(included(CORE))
    assert len({(here, there) for here, there, _ in arrows}) > len(CORE_FLOORS)
    assert against_the_order(iter(arrows), CORE_FLOORS) == []


def test_folders_of_the_package_know_only_floors_below() -> None:
    arrows = list(imported(PACKAGE))
    assert len({(here, there) for here, there, _ in arrows}) > len(PACKAGE_FLOORS)
    assert against_the_order(iter(arrows), PACKAGE_FLOORS) == []


@pytest.mark.parametrize(
    "line",
    [
        "from dmafuzz.cli import main",
        "from dmafuzz import cli",
        "import dmafuzz.cli.main",
        "from ..cli import main",
        "from .. import cli",
        "def late():\n    from dmafuzz.cli import main",
        "if TYPE_CHECKING:\n    from dmafuzz.cli.main import main",
    ],
)
def test_an_import_that_points_up_is_seen(line: str, tmp_path: Path) -> None:
    package = tmp_path / "dmafuzz"
    for name in ("cli", "program"):
        (package / name).mkdir(parents=True)
    (package / "program" / "bad.py").write_text(line + "\n")
    assert len(against_the_order(imported(package), PACKAGE_FLOORS)) == 1


@pytest.mark.parametrize("line", ['#include "judge/judge.hpp"', '  # include "tracker/tracker.hpp"'])
def test_an_include_that_does_not_point_down_is_seen(line: str, tmp_path: Path) -> None:
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "bad.cpp").write_text(line + "\n")
    assert len(against_the_order(included(tmp_path), CORE_FLOORS)) == 1
