# SPDX-License-Identifier: GPL-2.0-only
"""Reviews of patches to Debian's own dma-debug, of which it is known what must come of them.

The patches are made here, by changing the kernel's file in a few words: none of its lines is in the tests.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_patches import XARRAY
from test_patches import patched as with_xarray

from dmafuzz.kernel.source import find_source
from support import run

ARCHIVE = Path("/usr/src/linux-source-6.12.tar.xz")
DEBUG_C = "kernel/dma/debug.c"


def replaced(pattern: str, by: str, text: str, count: int) -> str:
    text, found = re.subn(pattern, by, text)
    assert found == count, pattern
    return text


def skip_reported(text: str) -> str:
    return replaced(r" && !\(attrs & DMA_ATTR_SKIP_CPU_SYNC\)", "", text, 1)


def readers_tracked(text: str) -> str:
    return replaced(r"\tif \(entry->direction == DMA_TO_DEVICE\)\n\t\treturn( 0)?;\n", "", text, 2)


def every_line(text: str) -> str:
    return with_xarray(text, "xarray", XARRAY)


def without_semicolon(text: str) -> str:
    return text.replace("int rc;", "int rc", 1)


def null_where_mappings_overlap(text: str) -> str:
    return replaced(
        r"(== -EEXIST\)\n\s*)active_cacheline_inc_overlap\(cln\);", r"\1*(volatile int *)NULL = 0;", text, 1
    )


def locked_twice(text: str) -> str:
    """At the first place where the tree's lock is taken to insert."""
    before, name, rest = text.partition("static int active_cacheline_insert(")
    lock = "spin_lock_irqsave(&radix_lock, flags);"
    assert name
    assert lock in rest
    return before + name + rest.replace(lock, f"{lock} {lock}", 1)


@pytest.fixture(scope="module")
def genuine() -> str:
    if not ARCHIVE.exists():
        pytest.skip(f"needs Debian's package linux-source-6.12 ({ARCHIVE})")
    return find_source(ARCHIVE).code()


Make = Callable[[Callable[[str], str]], Path]


@pytest.fixture
def patch(genuine: str, tmp_path: Path) -> Make:
    """The patch that changes the kernel's file so."""

    def make(change: Callable[[str], str]) -> Path:
        before, after = (text.splitlines(keepends=True) for text in (genuine, change(genuine)))
        path = tmp_path / f"{change.__name__}.diff"
        path.write_text("".join(difflib.unified_diff(before, after, f"a/{DEBUG_C}", f"b/{DEBUG_C}")))
        return path

    return make


def reviewed(path: Path, *args: str) -> dict[str, Any]:
    result = run("review", f"kernel:{ARCHIVE}", "--patch", path, "--time", "0", "--json", *args)
    assert result.exit_code in (0, 1), result.output
    record: dict[str, Any] = json.loads(result.stdout)
    assert record["worse"] == (result.exit_code == 1)
    return record


def moves(record: dict[str, Any], platform: str) -> set[tuple[str, str]]:
    """Changes of labels there."""
    rows = record["labels"][platform]
    return {("+".join(r["first"]), "+".join(r["second"])) for r in rows if r["first"] != r["second"]}


def effects(record: dict[str, Any]) -> set[str]:
    return {topic["effect"] for topic in record["topics"]}


def test_the_exemption_of_skip_cpu_sync_dropped(patch: Make) -> None:
    record = reviewed(patch(skip_reported))
    for platform in ("armv7-5.18", "mips-r10000-5.10"):
        assert ("FN", "TP") in moves(record, platform)
    assert moves(record, "x86-5.5") >= {("TN", "hazard")}
    assert not any("TP" in after for _, after in moves(record, "x86-5.5"))
    for platform in ("arm64-6.5", "riscv-6.6"):
        assert moves(record, platform) == set()
    assert "found" in effects(record)


def test_every_line_tracked_is_like_the_model(patch: Make) -> None:
    record = reviewed(patch(every_line), "--ops", "2")
    result = run("review", "6.12", "6.12+every-line", "--ops", "2", "--time", "0", "--json")
    model = json.loads(result.stdout)
    assert record["labels"] == model["labels"]
    assert "found" in effects(record)
    assert effects(record) >= effects(model) - {"quiet"}


def test_to_device_tracked_is_noise(patch: Make) -> None:
    record = reviewed(patch(readers_tracked), "--ops", "3")
    assert record["worse"]
    noise = [topic for topic in record["topics"] if topic["effect"] == "noise"]
    assert any(not cause["rules"] for topic in noise for cause in topic["causes"])


def test_a_missing_semicolon_is_named_with_its_line(patch: Make) -> None:
    result = run("review", f"kernel:{ARCHIVE}", "--patch", patch(without_semicolon))
    assert result.exit_code == 2
    last = result.stderr.strip().splitlines()[-1]
    assert "without_semicolon.diff" in last
    assert DEBUG_C in last
    assert "cannot be compiled" in last
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("change", "kind"), [(null_where_mappings_overlap, "crash"), (locked_twice, "deadlock")], ids=["null", "lock"]
)
def test_a_crash_comes_first(patch: Make, change: Callable[[str], str], kind: str) -> None:
    record = reviewed(patch(change), "--ops", "2")
    first = record["topics"][0]
    assert (first["effect"], first["topic"]) == ("crash", kind)
    assert "crashes where" in record["verdict"]
    assert record["worse"]


def test_what_is_no_part_of_dma_debug_is_left_out_and_named(patch: Make) -> None:
    path = patch(skip_reported)
    other = "--- a/mm/slub.c\n+++ b/mm/slub.c\n@@ -1,1 +1,1 @@\n-something\n+else\n"
    path.write_text(other + path.read_text())
    record = reviewed(path, "--ops", "1")
    assert record["left_out"] == ["mm/slub.c"]
    path.write_text(other)
    result = run("review", f"kernel:{ARCHIVE}", "--patch", path)
    assert result.exit_code == 2
    assert "changes nothing that is built" in result.stderr


def test_a_patch_that_does_not_apply(patch: Make) -> None:
    path = patch(skip_reported)
    path.write_text(re.sub(r"^ .*$", " no such line", path.read_text(), count=1, flags=re.M))
    result = run("review", f"kernel:{ARCHIVE}", "--patch", path)
    assert result.exit_code == 2
    assert "git cannot apply it" in result.stderr.splitlines()[-1]
