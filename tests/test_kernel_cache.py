# SPDX-License-Identifier: GPL-2.0-only
"""What is kept of kernels: records that name nothing outside, libraries as they were built, a cache that is private."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from toy_kernel import write_toy

from dmafuzz import _core, kernel
from dmafuzz.kernel import registry
from support import machine, ops_of, run, warnings_of

SYNCED_ELSEWHERE = (
    "cpu0 b0 = alloc pages 4096",
    "cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE",
    "cpu0 sync_single_for_cpu m0 offset=16 size=16",
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dmafuzz" / "kernel"


@pytest.mark.parametrize("field", ["library", "files"])
@pytest.mark.parametrize("place", ["../../../precious", "/precious", ""])
def test_a_record_names_nothing_outside_the_cache(field: str, place: str, tmp_path: Path, cache: Path) -> None:
    entry = kernel.add(write_toy(tmp_path / "tree"), "n").entry
    precious = tmp_path / "precious"
    precious.mkdir()
    named = str(precious) if place == "/precious" else place
    changed = replace(entry, library=named) if field == "library" else replace(entry, files=named)
    registry._write(changed)
    assert run("kernel", "remove", "n").exit_code == 0  # the record alone
    assert precious.is_dir()
    assert cache.is_dir()
    assert entry.folder.is_dir()


def test_a_library_that_is_not_as_it_was_built_is_built_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    built = kernel.add(write_toy(tmp_path / "tree"), "n").entry.folder
    for library in built.glob("*.so"):
        data = bytearray(library.read_bytes())
        data[len(data) // 2] ^= 4
        library.write_bytes(data)
    judge = _core.Judge(f"kernel:{kernel.locate('n').library}", [machine()])
    assert warnings_of(judge, ops_of(*SYNCED_ELSEWHERE)) == [("sync-unallocated", 2)]
    assert "is not as it was built" in caplog.text


def test_the_cache_is_private_and_a_link_is_none(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "cache" / "dmafuzz").mkdir(parents=True)
    (tmp_path / "cache" / "dmafuzz").chmod(0o777)
    kernel.add(write_toy(tmp_path / "tree"), "n")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (cache, cache.parent, cache / "names")} == {0o700}
    shutil.move(cache, tmp_path / "elsewhere")
    cache.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(kernel.KernelError, match="is a link; it is not used"):
        kernel.locate("n")


def test_the_cache_of_another_user_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.add(write_toy(tmp_path / "tree"), "n")
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(kernel.KernelError, match="not to you; it is not used"):
        kernel.locate("n")


def test_a_tree_includes_nothing_of_the_host(tmp_path: Path) -> None:
    tree = write_toy(tmp_path, more='\n#include "/dev/zero"\n')
    with pytest.raises(kernel.KernelError, match="a path of the host"):
        kernel.build(tree)
    (tree / "kernel/dma/debug.c").unlink()
    os.mkfifo(tree / "kernel/dma/debug.c")
    with pytest.raises(kernel.KernelError):
        kernel.build(tree)
