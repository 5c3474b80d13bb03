# SPDX-License-Identifier: GPL-2.0-only
"""Two patches of our own against a genuine kernel, as a developer would write them today: active cachelines kept for
every line of a mapping, in an xarray; and in an interval tree. They must build, and warn as the models say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import _core, kernel, platforms
from dmafuzz.kernel.source import find_source, store
from dmafuzz.program import parse, render_op
from support import machines

ARCHIVE = Path("/usr/src/linux-source-6.12.tar.xz")

# By name of the function: what takes its place. "" takes it away.
XARRAY = {
    "active_cacheline_read_overlap": "",
    "active_cacheline_set_overlap": "",
    "active_cacheline_inc_overlap": "",
    "active_cacheline_dec_overlap": "",
    "active_cacheline_insert": """
static phys_addr_t last_cacheline(struct dma_debug_entry *entry)
{
    phys_addr_t last = entry->paddr + (entry->size ? entry->size - 1 : 0);

    return last >> L1_CACHE_SHIFT;
}

static int active_cacheline_insert(struct dma_debug_entry *entry)
{
    phys_addr_t cln, first = to_cacheline_number(entry);
    int rc = 0;

    if (entry->direction == DMA_TO_DEVICE)
        return 0;

    guard(spinlock_irqsave)(&radix_lock);
    for (cln = first; cln <= last_cacheline(entry); cln++) {
        void *there = xa_load(&dma_lines, cln);
        unsigned long mappings = there ? xa_to_value(there) : 0;

        if (mappings)
            rc = -EEXIST;
        if (WARN_ONCE(mappings > MAX_OVERLAP, pr_fmt("exceeded %d overlapping mappings of cacheline %pa\\n"),
                      MAX_OVERLAP, &cln) || mappings > MAX_OVERLAP)
            continue;
        if (xa_err(xa_store(&dma_lines, cln, xa_mk_value(mappings + 1), GFP_ATOMIC)))
            return -ENOMEM;
    }
    return rc;
}
""",
    "active_cacheline_remove": """
static void active_cacheline_remove(struct dma_debug_entry *entry)
{
    phys_addr_t cln;

    if (entry->direction == DMA_TO_DEVICE)
        return;

    scoped_guard(spinlock_irqsave, &radix_lock) {
        for (cln = to_cacheline_number(entry); cln <= last_cacheline(entry); cln++) {
            void *there = xa_load(&dma_lines, cln);

            if (there && xa_to_value(there) > 1)
                xa_store(&dma_lines, cln, xa_mk_value(xa_to_value(there) - 1), GFP_ATOMIC);
            else
                xa_erase(&dma_lines, cln);
        }
    }
}
""",
}
INTERVAL_TREE = {
    **XARRAY,
    "active_cacheline_insert": """
static int active_cacheline_insert(struct dma_debug_entry *entry)
{
    struct interval_tree_node *node = &entry->lines;
    bool there;

    if (entry->direction == DMA_TO_DEVICE)
        return 0;

    node->start = ALIGN_DOWN(entry->paddr, L1_CACHE_BYTES);
    node->last = round_up(entry->paddr + max(entry->size, 1ULL), (u64)L1_CACHE_BYTES) - 1;

    guard(spinlock_irqsave)(&radix_lock);
    there = interval_tree_iter_first(&dma_lines, node->start, node->last) != NULL;
    interval_tree_insert(node, &dma_lines);
    return there ? -EEXIST : 0;
}
""",
    "active_cacheline_remove": """
static void active_cacheline_remove(struct dma_debug_entry *entry)
{
    if (entry->direction == DMA_TO_DEVICE)
        return;

    guard(spinlock_irqsave)(&radix_lock);
    interval_tree_remove(&entry->lines, &dma_lines);
}
""",
}
# What stands in the place of the tree: it is known by its name.
TREES = {
    "xarray": "#include <linux/xarray.h>\n#include <linux/cleanup.h>\nstatic DEFINE_XARRAY(dma_lines);\n"
    "#define MAX_OVERLAP 7\n",
    "interval-tree": "#include <linux/cleanup.h>\nstatic struct rb_root_cached dma_lines = RB_ROOT_CACHED;\n",
}
MEMBER = "#include <linux/interval_tree.h>\nstruct dma_debug_entry {\n    struct interval_tree_node lines;\n"


def patched(text: str, tree: str, functions: dict[str, str]) -> str:
    """The kernel's file with another tree, and other functions for it."""
    text, found = re.subn(r"^static RADIX_TREE\([^;]*;\n", lambda _: TREES[tree], text, flags=re.M)
    assert found == 1
    for name, code in functions.items():
        function = rf"^static [^\n;]*\b{name}\([^{{;]*\)\s*\{{\n.*?^\}}\n"
        text, found = re.subn(function, lambda _, code=code: code, text, flags=re.M | re.S)  # type: ignore[misc]
        assert found == 1, name
    return text


@pytest.fixture(scope="module")
def genuine() -> dict[str, bytes]:
    """The few files of Debian's 6.12 that matter: unpacked once, in the user's own cache."""
    if not ARCHIVE.exists():
        pytest.skip(f"needs Debian's package linux-source-6.12 ({ARCHIVE})")
    return find_source(ARCHIVE).files()


@pytest.fixture(scope="module")
def cache(genuine: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def built(files: dict[str, bytes], folder: Path, tree: str, functions: dict[str, str], member: bool) -> str:
    store(files, folder)
    debug = folder / "kernel/dma/debug.c"
    text = patched(debug.read_text(), tree, functions)
    if member:
        text = re.sub(r"^struct dma_debug_entry \{\n", lambda _: MEMBER, text, count=1, flags=re.M)
    debug.write_text(text)
    return f"kernel:{kernel.build(folder).library}"


@pytest.fixture(scope="module")
def xarray(cache: None, genuine: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(genuine, tmp_path_factory.mktemp("xarray"), "xarray", XARRAY, member=False)


@pytest.fixture(scope="module")
def interval_tree(cache: None, genuine: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(genuine, tmp_path_factory.mktemp("interval-tree"), "interval-tree", INTERVAL_TREE, member=True)


PROGRAMS = 4000
# Alone with the tracker of the same kernel that knows every line (core/tracker/what_if.cpp) everything must be equal.
MODEL = "6.12+every-line"


def test_the_xarray_is_the_model_to_the_letter(xarray: str) -> None:
    found = _core.compare_trackers(MODEL, xarray, machines(), 20 * PROGRAMS, 0, 24, 5, False, False)
    assert found.differences == ()
    assert found.warnings > PROGRAMS


def overlaps(judge: Any, ops: Sequence[Any], platform: int) -> tuple[list[int], set[str]]:
    """The operations that are warned about for an overlap, and the ids of all warnings."""
    warnings = judge.judge(ops, platform).warnings
    return [w.op for w in warnings if w.id == "line-overlap"], {w.id for w in warnings}


def test_the_interval_tree_is_the_model_but_for_lines_whose_count_is_full(interval_tree: str) -> None:
    """Counts stop at seven, and what was not counted is missing when mappings go. A tree of mappings forgets none."""
    where = machines()
    model, patch = _core.Judge(MODEL, where), _core.Judge(interval_tree, where)
    seen: Counter[str] = Counter()
    for seed in range(PROGRAMS):
        ops, platform = _core.random_program(seed, 24), seed % len(where)
        one, ids = overlaps(model, ops, platform)
        other, _ = overlaps(patch, ops, platform)
        if one:
            seen["overlaps"] += 1
        if one != other:
            assert "overlap>7" in ids, [render_op(op) for op in ops]
            seen["full"] += 1
    assert seen["overlaps"] > PROGRAMS / 50


def explained(ops: Sequence[Any], platform: Any, one: set[str], other: set[str]) -> str:
    """Why 7.2's rules and 6.12's may tell of other overlaps of the same lines; "" if they may not."""
    text = " ".join(render_op(op) for op in ops)
    if re.search(r"IGNORE_CACHELINES|REQUIRE_COHERENT", text):
        return "flagged clean: exempt in 7.2"
    if platform.dma_alignment < platform.l1_line:
        return "no alignment needed: exempt in 7.2"
    if "map_resource" in text:
        return "a map_resource that failed is entered in 6.12"
    if (one ^ other) - {"line-overlap", "overlap>7"}:
        return "another entry was found: types differ"
    return ""


def test_both_are_full_range_but_for_what_7_2_changed_besides(xarray: str, interval_tree: str) -> None:
    where = machines()
    full = _core.Judge("full-range", where)
    patches = [_core.Judge(tracker, where) for tracker in (xarray, interval_tree)]
    why: Counter[str] = Counter()
    for seed in range(PROGRAMS):
        ops, platform = _core.random_program(seed, 16), seed % len(where)
        one, ids = overlaps(full, ops, platform)
        for patch in patches:
            other, their_ids = overlaps(patch, ops, platform)
            if one == other:
                why["equal, with overlaps" if one else "equal, without"] += 1
                continue
            reason = "full counts" if "overlap>7" in ids | their_ids else ""
            reason = reason or explained(ops, where[platform], ids, their_ids)
            assert reason, (where[platform].name, [render_op(op) for op in ops], one, other)
            why[reason] += 1
    assert why["equal, with overlaps"] > PROGRAMS / 100
    assert why["no alignment needed: exempt in 7.2"] > 0


def test_a_lock_of_the_xarray_is_counted_with_the_trees(xarray: str) -> None:
    text = "dmafuzz 1\ncpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 256 FROM_DEVICE\ncpu0 unmap_page m0\n"
    judge = _core.Judge(xarray, [platforms.to_core(platforms.load("x86-5.5"))])
    cost = judge.cost(parse(text).ops, 0)
    assert cost is not None
    # One around all, and the xarray's own for each of four lines, at map and at unmap.
    assert cost.tree_locks == 2 * (1 + 4)
    assert cost.other_locks == 0
