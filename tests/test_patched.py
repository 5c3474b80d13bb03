# SPDX-License-Identifier: GPL-2.0-only
"""Patches as they come, out of mails and other folders, on a kernel of our own: applied, or refused in one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_kernel import write_toy

from dmafuzz import kernel
from dmafuzz.kernel import KernelError
from support import run

DEBUG_C = "kernel/dma/debug.c"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_toy(tmp_path / "tree")


def diff(tree: Path, before: str = f"a/{DEBUG_C}", after: str = f"b/{DEBUG_C}", reverse: bool = False) -> str:
    """Two times as many entries in the pool."""
    old = (tree / DEBUG_C).read_text().splitlines(keepends=True)
    new = [line.replace("i < 64", "i < 128") for line in old]
    assert new != old
    return "".join(difflib.unified_diff(*((new, old) if reverse else (old, new)), before, after))


def applied(tree: Path, text: str) -> kernel.Patched:
    path = tree.parent / "fix.diff"
    path.write_bytes(text.encode())
    return kernel.patched(str(tree), path)


AS_THEY_COME: dict[str, Callable[[Path], str]] = {
    "git diff": diff,
    "without a and b": lambda tree: diff(tree, DEBUG_C, DEBUG_C),
    "from two folders above": lambda tree: diff(tree, f"v9/old/{DEBUG_C}", f"v9/new/{DEBUG_C}"),
    "a mail": lambda tree: f"Subject: [PATCH] more entries\n\nMore.\n---\n debug.c | 2 +-\n\n{diff(tree)}-- \n2.39\n",
    "lines that end as on Windows": lambda tree: diff(tree).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("make", AS_THEY_COME.values(), ids=AS_THEY_COME)
def test_a_patch_is_applied_however_it_was_made(tree: Path, make: Callable[[Path], str]) -> None:
    before = (tree / DEBUG_C).read_bytes()
    found = applied(tree, make(tree))
    assert found.applied == (DEBUG_C,)
    assert found.left_out == ()
    assert (tree / DEBUG_C).read_bytes() == before


REFUSED: dict[str, tuple[Callable[[Path], str], str]] = {
    "nothing": (lambda tree: "", "expected a patch as git diff or diff -u make it, found none"),
    "another text": (lambda tree: "hello\n", "expected a patch as git diff or diff -u make it, found none"),
    "cut short": (lambda tree: diff(tree).rsplit("\n", 3)[0], "is cut short or damaged: corrupt patch at line"),
    "the tree has it": (lambda tree: diff(tree, reverse=True), "the tree has it already"),
    "another version": (
        lambda tree: re.sub(r"^-.*i < 64.*$", "-    for (i = 0; i < 32; ++i) {", diff(tree), flags=re.M),
        "the tree has other lines there",
    ),
    "a file by itself": (lambda tree: diff(tree, "debug.c", "debug.c"), "expected paths from the tree's root"),
    "another file": (
        lambda tree: "--- a/mm/slub.c\n+++ b/mm/slub.c\n@@ -1 +1 @@\n-a\n+b\n",
        "changes nothing that is built",
    ),
    "a file outside": (
        lambda tree: "--- a/../../../other\n+++ b/../../../other\n@@ -1 +1 @@\n-a\n+b\n",
        "changes nothing that is built",
    ),
}


@pytest.mark.parametrize(("make", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_applied_is_refused_in_one_line(tree: Path, make: Callable[[Path], str], said: str) -> None:
    with pytest.raises(KernelError) as refused:
        applied(tree, make(tree))
    assert said in str(refused.value)
    assert "fix.diff: " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_patch_that_is_not_there(tree: Path) -> None:
    result = run("review", f"kernel:{tree}", "--patch", "nowhere.diff")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith("nowhere.diff: cannot be read: No such file or directory")
