# SPDX-License-Identifier: GPL-2.0-only
"""The specification in docs/spec: whatever cites a section of it cites one that there is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "docs" / "spec"
CITING = ("dmafuzz/**/*.[ch]pp", "dmafuzz/**/*.[ch]", "dmafuzz/**/*.py", "dmafuzz/**/*.toml", "tests/**/*.py", "*.md")
_CITATION = re.compile(r"docs/spec/(\w+)\.md((?:[ ,]*(?:and |to )?§\d+(?:\.\d+)?(?: \([^)]*\))?)*)")
_SECTION = re.compile(r"§(\d+(?:\.\d+)?)")
_HEADING = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)[. ]", re.MULTILINE)


def sections(name: str) -> set[str]:
    """The numbers of a file's headings."""
    return set(_HEADING.findall((SPEC / f"{name}.md").read_text(encoding="utf-8")))


def citations() -> Iterator[tuple[str, str, str]]:
    """(file that cites, file of the specification, section or "" for all of it)."""
    for pattern in CITING:
        for path in ROOT.glob(pattern):
            if "build" in path.relative_to(ROOT).parts or path == Path(__file__):
                continue
            for name, cited in _CITATION.findall(path.read_text(encoding="utf-8")):
                found = _SECTION.findall(cited)
                yield from ((str(path.relative_to(ROOT)), name, number) for number in found or [""])


def test_there_is_plenty_that_cites_it() -> None:
    assert len([number for _, _, number in citations() if number]) > 100


def test_every_section_that_is_cited_is_there() -> None:
    known = {path.stem: sections(path.stem) | {""} for path in SPEC.glob("*.md")}
    missing = [each for each in citations() if each[2] not in known.get(each[1], set())]
    assert missing == []


@pytest.mark.parametrize("path", sorted(SPEC.glob("*.md")), ids=lambda path: path.stem)
def test_sections_are_numbered_in_order(path: Path) -> None:
    numbers = [tuple(map(int, number.split("."))) for number in _HEADING.findall(path.read_text(encoding="utf-8"))]
    assert numbers == sorted(set(numbers))
