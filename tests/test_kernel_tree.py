# SPDX-License-Identifier: GPL-2.0-only
"""What a tree must have to be built, and stand-in headers of the user's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from toy_kernel import write_toy

from dmafuzz import _core, kernel
from support import machine, ops_of, said, warnings_of

MAPPED = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dmafuzz" / "kernel"


def warned(built: kernel.KernelTracker) -> list[str]:
    judge = _core.Judge(f"kernel:{built.library}", [machine()])
    return [warning for warning, _ in warnings_of(judge, ops_of(MAPPED))]


# What a tree must have


def test_debug_c_alone_is_told_what_it_lacks_in_one_line(tmp_path: Path, cache: Path) -> None:
    more = '#include "debug.h"\n#define hits memory_intersects(NULL, NULL, NULL, 0)'
    tree = write_toy(tmp_path / "alone", more=more)
    (tree / "kernel/dma/mapping.c").unlink()
    code, text = said("kernel", "add", tree)
    assert (code, text) == (
        2,
        f"{tree}: kernel/dma/debug.c is there, but not all that is needed beside it: kernel/dma/debug.h, "
        "kernel/dma/mapping.c, include/asm-generic/sections.h\n",
    )
    assert not list(cache.glob("names/*"))
    for name in ("kernel/dma/debug.h", "kernel/dma/mapping.c", "include/asm-generic/sections.h"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    assert said("kernel", "add", tree)[0] == 0


def test_headers_beside_it_and_what_these_include_are_needed_and_kept(tmp_path: Path) -> None:
    tree = write_toy(tmp_path / "tree", more='#include "lines.h"', on_map=HEAVY)
    (tree / "kernel/dma/lines.h").write_text('#include "weight.h"\n')
    with pytest.raises(kernel.KernelError, match=r"needed beside it: kernel/dma/weight\.h$"):
        kernel.build(tree)
    (tree / "kernel/dma/weight.h").write_text("static const unsigned long heaviest = 63;\n")
    first = kernel.add(tree, "kept").entry
    assert warned(kernel.locate("kept")) == ["map-stack"]
    (tree / "kernel/dma/weight.h").write_text("static const unsigned long heaviest = 64;\n")
    assert warned(kernel.build(tree)) == []
    shutil.rmtree(tree)
    shutil.rmtree(first.folder)
    assert warned(kernel.locate("kept")) == ["map-stack"]


def test_an_archive_has_its_headers_too(tmp_path: Path) -> None:
    tree = write_toy(tmp_path / "linux-9.8", more='#include "lines.h"', on_map=HEAVY)
    (tree / "kernel/dma/lines.h").write_text("static const unsigned long heaviest = 63;\n")
    archive = shutil.make_archive(str(tmp_path / "linux-9.8"), "gztar", tmp_path, "linux-9.8")
    assert warned(kernel.build(archive)) == ["map-stack"]


# Stand-ins of the user's own

HEAVY = 'WARN(size > heaviest, "device driver maps memory from stack");'
WEIGHT = "#include <linux/scale.h>\n"


def own(folder: Path, heaviest: int) -> Path:
    """A folder with a header that ours lack, and one that takes the place of ours."""
    (folder / "linux").mkdir(parents=True)
    (folder / "linux/scale.h").write_text(
        f"#pragma once\n#include <linux/a-header-of-yesterday.h>\n#define heaviest {heaviest}ul\n"
    )
    return folder


def test_own_stand_ins_are_searched_first_and_in_order(tmp_path: Path) -> None:
    tree = write_toy(tmp_path / "tree", more=WEIGHT, on_map=HEAVY)
    with pytest.raises(kernel.KernelError, match="needs 'heaviest', which the stand-in headers lack"):
        kernel.build(tree)
    light, heavy = own(tmp_path / "light", 63), own(tmp_path / "heavy", 64)
    assert warned(kernel.build(tree, includes=[light])) == ["map-stack"]
    assert warned(kernel.build(tree, includes=[heavy, light])) == []
    assert warned(kernel.build(tree, includes=[light, heavy])) == ["map-stack"]


def test_own_stand_ins_take_the_place_of_ours(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "linux").mkdir(parents=True)
    (folder / "linux/ctype.h").write_text("#pragma once\n#define heaviest 63ul\n#define isspace(c) 0\n")
    tree = write_toy(tmp_path / "tree", on_map=HEAVY)
    assert warned(kernel.build(tree, includes=[folder])) == ["map-stack"]


def test_own_stand_ins_are_part_of_the_library_and_of_the_record(tmp_path: Path, cache: Path) -> None:
    tree, light = write_toy(tmp_path / "tree", more=WEIGHT, on_map=HEAVY), own(tmp_path / "light", 63)
    code, text = said("kernel", "add", tree, "--name", "mine", "--include", light)
    assert (code, text) == (
        0,
        f"kernel:mine: dma-debug of 9.8.7-toy from {tree}, with stand-ins from {light}; it warns like no era, so that "
        "why it is silent is not known\n",
    )
    assert json.loads((cache / "names/mine.json").read_text())["includes"] == [str(light)]
    before = kernel.locate("mine").library
    (light / "linux/scale.h").write_text("#define heaviest 64ul\n")
    changed = kernel.build(tree, includes=[light])
    assert changed.library != before
    assert warned(changed) == []
    shutil.rmtree(light)
    shutil.rmtree(before)
    assert warned(kernel.locate("mine")) == ["map-stack"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    tree = write_toy(tmp_path / "tree")
    code, text = said("kernel", "add", tree, "--include", tmp_path / "nowhere")
    assert (code, text) == (2, f"{tmp_path}/nowhere: no such folder of stand-in headers (--include)\n")
