# SPDX-License-Identifier: GPL-2.0-only
"""Who uses whom, read from the sources: folders of the C++ core by their includes, Python packages by their imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "dmafuzz"
CORE = PACKAGE / "core"
BINDING = "core/binding"
_INCLUDE = re.compile(r'^#include "([a-z_]+)/', re.MULTILINE)

Uses = dict[str, set[str]]


def core_uses(core: Path = CORE) -> Uses:
    """The folders of the core, `core/NAME`, and the other folders that each of them includes headers of."""
    folders = {path.name for path in core.iterdir() if path.name != "tests" and path.is_dir() and _sources(path)}
    uses: Uses = {}
    for folder in sorted(folders):
        included = {name for path in _sources(core / folder) for name in _INCLUDE.findall(path.read_text())}
        uses[f"core/{folder}"] = {f"core/{name}" for name in (included & folders) - {folder}}
    return uses


def python_uses(package: Path = PACKAGE) -> Uses:
    """The Python packages, and the others that each imports; the compiled module counts as `core/binding`."""
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    uses: Uses = {}
    for room in sorted(rooms):
        imported = {name for path in (package / room).rglob("*.py") for name in _imported(path, package)}
        uses[room] = {BINDING if name == "_core" else name for name in imported if name in {*rooms, "_core"}} - {room}
    return uses


def _sources(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix in {".cpp", ".hpp"}]


def _imported(path: Path, package: Path) -> Iterator[str]:
    """First names below the package of what a module imports, late or for its types alone as well."""
    here = path.relative_to(package.parent).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for name in _full_names(node, here):
            parts = name.split(".")
            if parts[0] == package.name and len(parts) > 1:
                yield parts[1]


def _full_names(node: ast.AST, here: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = ".".join(here[: len(here) - node.level + 1]) if node.level else ""
        module = ".".join(part for part in (base, node.module or "") if part)
        yield from (f"{module}.{alias.name}" for alias in node.names)


def floors(uses: Mapping[str, set[str]]) -> list[list[str]]:
    """Highest first: a room stands just below the lowest of those that use it. Rooms that use each other in a circle
    share a floor."""
    reach = {room: _reachable(room, uses) for room in uses}
    floor: dict[str, int] = {}

    def of(room: str) -> int:
        if room not in floor:
            above = [other for other in uses if room in reach[other] and other not in reach[room]]
            floor[room] = max((of(other) + 1 for other in above), default=0)
        return floor[room]

    depth = max(of(room) for room in uses)
    return [[room for room in uses if floor[room] == level] for level in range(depth + 1)]


def _reachable(room: str, uses: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [room]
    while todo:
        for other in uses.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def direct(uses: Mapping[str, set[str]]) -> Uses:
    """Uses that do not follow from others: what a room uses through another one that it uses is left out."""
    reach = {room: _reachable(room, uses) for room in uses}
    return {
        room: {
            other
            for other in used
            if not any(other in reach.get(via, ()) and not {other, room} & _circle(via, reach) for via in used)
        }
        for room, used in uses.items()
    }


def _circle(room: str, reach: Mapping[str, set[str]]) -> set[str]:
    """A room, and those that use it and that it uses."""
    return {room, *(other for other in reach.get(room, ()) if room in reach[other])}
