# SPDX-License-Identifier: GPL-2.0-only
"""Kernels' own code as trackers: building it, its names, machines with other cachelines, and code that crashes.

Most of it is tested on a kernel of our own (toy_kernel.py); what needs a genuine one takes Debian's.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from toy_kernel import write_toy

from dmafuzz import _core, kernel
from dmafuzz.kernel import registry
from dmafuzz.kernel.source import find_source
from dmafuzz.trackers import default_portfolio
from support import Warnings, machine, new_machine, ops_of, run, warnings_of

ARCHIVE = Path("/usr/src/linux-source-6.12.tar.xz")
MAPPED = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE"
SYNCED = f"{MAPPED}\ncpu0 sync_single_for_cpu m0"
SYNCED_ELSEWHERE = f"{MAPPED}\ncpu0 sync_single_for_cpu m0 offset=16 size=16"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test: builds of the toy take half a second."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dmafuzz" / "kernel"


@functools.cache
def genuine_files() -> dict[str, bytes]:
    return find_source(ARCHIVE).files()


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The few files of Debian's 6.12 that matter, in a folder of their own."""
    if not ARCHIVE.exists():
        pytest.skip(f"needs Debian's package linux-source-6.12 ({ARCHIVE})")
    tree = tmp_path_factory.mktemp("linux-6.12")
    for name, data in genuine_files().items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    return tree


def said(result: Result) -> str:
    return str(result.output)


def warned(built: kernel.KernelTracker, text: str, platform: str = "x86-5.5") -> Warnings:
    return warnings_of(_core.Judge(f"kernel:{built.library}", [machine(platform)]), ops_of(text))


def contents(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")} if folder.exists() else set()


# Building


def test_a_tree_is_built_once_and_found_again_by_its_content(tmp_path: Path) -> None:
    first = kernel.build(write_toy(tmp_path / "tree"))
    when = first.library.stat().st_mtime_ns
    again = kernel.build(write_toy(tmp_path / "elsewhere"))
    assert (again.library, again.library.stat().st_mtime_ns) == (first.library, when)
    assert kernel.build(write_toy(tmp_path / "other", more="static int other;")).library != first.library
    assert first.version == "9.8.7-toy"


def test_what_was_built_warns(tmp_path: Path) -> None:
    built = kernel.build(write_toy(tmp_path))
    assert warned(built, SYNCED) == []
    assert warned(built, SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]


def test_an_archive_is_a_tree(tmp_path: Path) -> None:
    write_toy(tmp_path / "linux-9.8")
    archive = shutil.make_archive(str(tmp_path / "linux-9.8"), "gztar", tmp_path, "linux-9.8")
    assert kernel.build(archive).library == kernel.build(tmp_path / "linux-9.8").library


def test_lib_is_where_dma_debug_was_up_to_4_17(tmp_path: Path) -> None:
    write_toy(tmp_path)
    (tmp_path / "lib").mkdir()
    (tmp_path / "kernel/dma/debug.c").rename(tmp_path / "lib/dma-debug.c")
    assert warned(kernel.build(tmp_path), SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]


def bad_trees(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    """Each with what its message says."""
    empty, text = tmp_path / "empty", tmp_path / "text.tar.xz"
    empty.mkdir()
    text.write_text("no archive")
    lacking = write_toy(tmp_path / "lacking", on_map="frobnicate(entry);")
    broken = write_toy(tmp_path / "broken", on_map="entry->size = ;")
    unknown = write_toy(tmp_path / "unknown", more="void debug_dma_frob(struct device *dev, struct frob *frob) { }")
    nothing = tmp_path / "nothing"
    (nothing / "kernel/dma").mkdir(parents=True)
    (nothing / "kernel/dma/debug.c").write_text("int nothing;\n")
    dead = write_toy(
        tmp_path / "dead", more="static int die(void) { *(volatile int *)8 = 1; return 0; }\ncore_initcall(die);"
    )
    return {
        "no such tree": (tmp_path / "nowhere", "nowhere: no such kernel tree or archive"),
        "no kernel": (empty, "neither kernel/dma/debug.c nor lib/dma-debug.c is there"),
        "no archive": (text, "text.tar.xz: not a kernel tree, nor an archive of one"),
        "a missing function": (lacking, "needs 'frobnicate', which the stand-in headers lack"),
        "a mistake": (broken, "kernel/dma/debug.c cannot be compiled"),
        "an unknown parameter": (unknown, "debug_dma_frob has a parameter unknown here: 'struct frob *frob'"),
        "no dma-debug": (nothing, "does not define debug_dma_map_sg"),
        "a crash at boot": (dead, "kernel/dma/debug.c: the kernel's dma-debug crashes when it boots"),
    }


@pytest.mark.parametrize("case", ["no such tree", "no kernel", "no archive", "a missing function", "a mistake",
                                  "an unknown parameter", "no dma-debug", "a crash at boot"])  # fmt: skip
def test_what_cannot_be_used_is_said_once_and_changes_nothing(case: str, tmp_path: Path, cache: Path) -> None:
    run("kernel", "add", write_toy(tmp_path / "good"), "--name", "good")
    before = contents(cache)
    path, message = bad_trees(tmp_path)[case]
    result = run("kernel", "add", path, "--name", "good")
    assert result.exit_code == 2
    assert message in said(result)
    assert len(said(result).splitlines()) == 1
    assert contents(cache) - {"sources"} == before - {"sources"}
    assert [entry.source for entry in kernel.registered()] == [str(tmp_path / "good")]


def test_a_missing_name_is_said_with_file_and_line(tmp_path: Path) -> None:
    tree = write_toy(tmp_path, on_map="frobnicate(entry);")
    line = (tree / "kernel/dma/debug.c").read_text().splitlines().index("    frobnicate(entry);") + 1
    with pytest.raises(kernel.KernelError, match=rf"kernel/dma/debug\.c:{line} needs 'frobnicate'"):
        kernel.build(tree)


def test_a_name_that_a_genuine_kernel_needs_anew_is_said(genuine: Path, tmp_path: Path) -> None:
    tree = edited(genuine, tmp_path, "check_for_stack(dev, page, offset);", "check_for_heap(dev, page, offset);")
    with pytest.raises(kernel.KernelError, match=r"kernel/dma/debug\.c:\d+ needs 'check_for_heap'"):
        kernel.build(tree)


def test_without_a_compiler_what_was_added_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("kernel", "add", write_toy(tmp_path / "tree"), "--name", "there")
    monkeypatch.setenv("CC", "no-such-compiler")
    result = run("kernel", "add", tmp_path / "tree", "--name", "other")
    assert result.exit_code == 2
    assert "a C compiler is needed: 'no-such-compiler' is not there" in said(result)
    assert warned(kernel.locate("there"), SYNCED) == []


# Names


def test_a_kernel_is_added_by_its_version_and_judges(tmp_path: Path) -> None:
    added = run("kernel", "add", write_toy(tmp_path / "tree"))
    assert added.exit_code == 0
    assert said(added) == (
        f"kernel:9.8.7-toy: dma-debug of 9.8.7-toy from {tmp_path}/tree; it warns like no era, so that why it is "
        "silent is not known\n"
    )
    listed = said(run("kernel", "list")).splitlines()
    assert listed[1].split()[:2] == ["9.8.7-toy", "9.8.7-toy"]
    assert listed[1].split()[3:] == ["no", f"{tmp_path}/tree"]
    named = [line.split(maxsplit=1) for line in said(run("list", "trackers")).splitlines()]
    assert ["kernel:9.8.7-toy", f"the code of 9.8.7-toy, from {tmp_path}/tree"] in named
    (tmp_path / "program.dma").write_text(f"dmafuzz 1\n{SYNCED_ELSEWHERE}\nexpect tracker=kernel:9.8.7-toy "
                                          "platform=x86-5.5 labels=hazard warnings=sync-unallocated\n")  # fmt: skip
    assert "ok, 1 expectation" in said(run("judge", "--check", tmp_path / "program.dma"))
    calls = said(run("judge", "--calls", tmp_path / "program.dma", "--tracker", "kernel:9.8.7-toy"))
    assert "warns: sync-unallocated" in calls


def test_without_a_makefile_the_folder_gives_the_name(tmp_path: Path) -> None:
    assert "kernel:my-tree: " in said(run("kernel", "add", write_toy(tmp_path / "my-tree", makefile=None)))
    strange = run("kernel", "add", write_toy(tmp_path / "my tree", makefile=None))
    assert strange.exit_code == 2
    assert "'my tree' cannot be the name of a kernel (--name)" in said(strange)


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", ".hidden", "a/b", "x" * 65, "ä"])
def test_a_name_is_letters_digits_and_a_few_signs(name: str, tmp_path: Path, cache: Path) -> None:
    result = run("kernel", "add", write_toy(tmp_path), f"--name={name}")
    assert result.exit_code == 2
    assert "expected at most 64 letters, digits and . _ + -" in said(result)
    assert contents(cache) == set()


def test_a_name_outlives_its_tree_and_its_library(tmp_path: Path, cache: Path) -> None:
    run("kernel", "add", write_toy(tmp_path / "tree"), "--name", "kept")
    shutil.rmtree(tmp_path / "tree")
    assert warned(kernel.locate("kept"), SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]
    shutil.rmtree(kernel.locate("kept").library)
    assert warned(kernel.locate("kept"), SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]
    record = cache / "names" / "kept.json"
    another = "0" * 64
    registry._write(replace(next(registry.registered()), ours=another))
    assert warned(kernel.locate("kept"), SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]
    assert json.loads(record.read_text())["ours"] != another


def test_a_name_whose_library_and_source_are_gone_says_so(tmp_path: Path, cache: Path) -> None:
    run("kernel", "add", write_toy(tmp_path / "tree"), "--name", "lost")
    shutil.rmtree(kernel.locate("lost").library)
    shutil.rmtree(cache / "sources")
    with pytest.raises(kernel.KernelError, match=f"add {tmp_path}/tree again"):
        kernel.locate("lost")


def test_adding_again_replaces_and_says_so(tmp_path: Path) -> None:
    run("kernel", "add", write_toy(tmp_path / "one"), "--name", "n")
    assert said(run("kernel", "add", tmp_path / "one", "--name", "n")).endswith("; the same as before\n")
    replaced = said(run("kernel", "add", write_toy(tmp_path / "two", more="static int two;"), "--name", "n"))
    assert f"; replaces 9.8.7-toy from {tmp_path}/one, added " in replaced
    assert [entry.source for entry in kernel.registered()] == [str(tmp_path / "two")]


def test_a_name_wins_over_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = kernel.add(write_toy(tmp_path / "one"), "both").entry
    monkeypatch.chdir(tmp_path)
    write_toy(tmp_path / "both", more="static int two;")
    assert kernel.locate("both").digest == named.library
    assert kernel.locate("./both").digest != named.library


def test_what_is_neither_is_told_with_the_names_there_are(tmp_path: Path) -> None:
    kernel.add(write_toy(tmp_path / "tree"), "mine")
    (tmp_path / "p.dma").write_text(f"dmafuzz 1\n{MAPPED}\n")
    result = run("judge", tmp_path / "p.dma", "--tracker", "kernel:yours")
    assert result.exit_code == 2
    assert said(result).strip() == (
        "yours: no such kernel tree or archive, and no kernel is added under that name (added are: mine)"
    )


def test_removing_forgets_what_nobody_else_needs(tmp_path: Path, cache: Path) -> None:
    kernel.add(write_toy(tmp_path / "tree"), "one")
    kernel.add(tmp_path / "tree", "two")
    assert run("kernel", "remove", "one").exit_code == 0
    assert warned(kernel.locate("two"), SYNCED) == []
    run("kernel", "remove", "two")
    assert [path for path in contents(cache) if "/" in path] == []
    gone = run("kernel", "remove", "two")
    assert (gone.exit_code, said(gone)) == (
        2,
        "no kernel is added as 'two' (none is added: `dmafuzz kernel add PATH`)\n",
    )


def test_a_record_that_cannot_be_read_is_named(tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    kernel.add(write_toy(tmp_path / "tree"), "n")
    kernel.add(tmp_path / "tree", "other")
    (cache / "names" / "n.json").write_text("{")
    result = run("kernel", "list")
    assert result.exit_code == 0
    assert "other  9.8.7-toy" in result.output
    assert f"{cache}/names/n.json: damaged" in caplog.text
    assert warned(kernel.locate("other"), SYNCED) == []
    assert run("kernel", "remove", "n").exit_code == 0
    assert not (cache / "names" / "n.json").exists()


def test_a_kernel_is_judged_on_the_machines_of_its_time(tmp_path: Path) -> None:
    def of(version: str) -> str:
        numbers = dict(zip(("VERSION", "PATCHLEVEL", "SUBLEVEL"), version.split("."), strict=True))
        makefile = "".join(f"{key} = {value}\n" for key, value in numbers.items())
        kernel.add(write_toy(tmp_path / version, makefile=makefile), version)
        return default_portfolio(f"kernel:{version}")

    assert [of("6.12.3"), of("6.1.90"), of("5.8.1"), of("5.4.0")] == ["6.12", "6.1", "5.8", "4.19"]
    assert default_portfolio(f"kernel:{tmp_path}/6.1.90") == "6.1"


# Machines


LINES = """
static int lines[CACHELINES_PER_PAGE];
void debug_dma_assert_idle(struct page *page) {
    WARN(ARRAY_SIZE(lines) == 1 << 12 - L1_CACHE_SHIFT && L1_CACHE_BYTES != 64, "cpu touching an active dma mapped");
}
"""


def test_a_constant_l1_line_is_that_of_each_platform(tmp_path: Path) -> None:
    more = "#define CACHELINES_PER_PAGE (1 << (PAGE_SHIFT - L1_CACHE_SHIFT))" + LINES
    built = kernel.build(write_toy(tmp_path, more=more))
    assert sorted(path.name for path in built.library.glob("*.so")) == ["l1-5.so", "l1-6.so", "l1-7.so"]
    wide = new_machine()
    wide.l1_line = 128
    judge = _core.Judge(f"kernel:{built.library}", [machine("x86-5.5"), machine("mips-5.5"), wide])
    copied = ops_of("cpu0 b0 = alloc anonymous 4096\ncpu0 cow b0 0")
    found = [[w.id for w in judge.judge(copied, index).warnings] for index in (0, 1, 2, 0, 1)]
    assert found == [[], ["assert-idle"], ["assert-idle"], [], ["assert-idle"]]


@pytest.mark.parametrize(("rounds", "expected"), [(True, []), (False, ["sync-unallocated"])])
def test_an_allocation_is_told_as_the_kernels_own_mapping_c_tells_it(
    rounds: bool, expected: list[str], tmp_path: Path
) -> None:
    on_map = 'WARN(size != 4096, "device driver tries to sync DMA memory it has not allocated");'
    tree = write_toy(tmp_path, on_map=on_map)
    align = "size = PAGE_ALIGN(size);" if rounds else "allocate(PAGE_ALIGN(size));"
    (tree / "kernel/dma/mapping.c").write_text(
        f"struct page *dma_alloc_pages(struct device *dev, size_t size)\n{{\n{align}\ndebug_dma_map_page(dev);\n}}\n"
    )
    found = warned(kernel.build(tree), "cpu0 b0 m0 = alloc_noncoherent d0 64 FROM_DEVICE")
    assert [warning for warning, _ in found if warning == "sync-unallocated"] == expected


def test_the_kernels_own_variables_are_as_booted_for_each_program(tmp_path: Path) -> None:
    on_map = 'WARN(seen++, "device driver tries to sync DMA memory it has not allocated");'
    built = kernel.build(write_toy(tmp_path, more="static int seen;", on_map=on_map))
    assert [warned(built, MAPPED) for _ in range(3)] == [[], [], []]
    twice = f"{MAPPED}\ncpu0 m1 = map_page d0 b0 64 64 FROM_DEVICE"
    assert warned(built, twice) == [("sync-unallocated", 2)]


# What a program costs


def cost_of(tracker: str, text: str) -> _core.Cost | None:
    return _core.Judge(tracker, [machine()]).cost(ops_of(text), 0)


def test_a_toys_locks_and_steps_are_counted(tmp_path: Path) -> None:
    built = kernel.build(write_toy(tmp_path))
    text = f"{MAPPED}\ncpu0 m1 = map_page d0 b0 64 64 FROM_DEVICE\ncpu0 sync_single_for_cpu m1"
    cost = cost_of(f"kernel:{built.library}", text)
    assert cost == _core.Cost(bucket_locks=2, pool_locks=2, lookup_steps=2)
    assert cost_of("silent", text) is None


def test_a_genuine_mapping_costs_one_tree_lock_to_enter_and_one_to_leave(genuine: Path) -> None:
    built = kernel.build(genuine)
    text = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 64 {} unchecked\ncpu0 forget m0"
    mapped = {
        direction: cost_of(f"kernel:{built.library}", text.format(direction))
        for direction in ("FROM_DEVICE", "TO_DEVICE")
    }
    written, read = mapped["FROM_DEVICE"], mapped["TO_DEVICE"]
    assert written is not None
    assert read is not None
    # The map asks for an error and enters one entry; the unbind, which takes each bucket's lock, does not count.
    assert written.bucket_locks == read.bucket_locks == 2
    assert (written.tree_locks, read.tree_locks) == (1, 0)
    assert (written.pool_locks, read.pool_locks) == (1, 1)
    assert (written.tree_operations, read.tree_operations) == (1, 0)


# Code that crashes

BREAKDOWNS = {
    "crash": "if (size == 32) *(volatile int *)8 = 1;",
    "hang": "while (READ_ONCE(entry->size) == 32) ;",
    "deadlock": "if (size == 32) { unsigned long more; spin_lock_irqsave(&free_entries_lock, more); }",
}
STRAY = {
    "an index": "{ static int sizes[8]; if (size == 32) sizes[size]++; }",
    "its own lists": "if (size == 32) { memset(dma_entry_hash, 0x41, sizeof dma_entry_hash); BUG(); }",
    "its own memory": "if (size == 32) { memset(entry, 0x41, 3000); memset(&free_entries, 0, 16); BUG(); }",
    "behind its memory": "if (size == 32) memset((char *)dma_entry_hash + (1 << 19), 0x41, 1 << 19);",
    "a list": "if (size == 32) list_del(&entry->list), list_del(&entry->list);",
    "a stack": "if (size == 32) sink = deeper(1 << 30, 0);",
    # In more time than a call has: as long as a stack grows, nothing hangs.
    "a stack, slowly": "if (size == 32) sink = deeper(1 << 30, 4000);",
}
DEEPER = """
static int sink;
static noinline int deeper(int n, int work) {
    volatile int a[64];
    for (int i = 0; i < work; i++) a[i % 64] = i;
    a[n % 64] = n;
    return n ? deeper(n - 1, work) + a[n % 64] : 0;
}
"""
SMALL = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 32 FROM_DEVICE"


def edited(genuine: Path, tmp_path: Path, before: str, after: str) -> Path:
    tree = tmp_path / "edited"
    shutil.copytree(genuine, tree)
    debug = tree / "kernel/dma/debug.c"
    text = debug.read_text()
    assert before in text
    debug.write_text(text.replace(before, after))
    return tree


@pytest.mark.parametrize("kind", BREAKDOWNS)
def test_a_breakdown_is_a_label_of_its_own_and_poisons_nothing(kind: str, tmp_path: Path) -> None:
    built = kernel.build(write_toy(tmp_path, on_map=BREAKDOWNS[kind]))
    judge = _core.Judge(f"kernel:{built.library}", [machine()])
    for _ in range(3):
        judgement = judge.judge(ops_of(SMALL), 0)
        assert judgement.labels == ("broken",)
        assert [(w.id, w.op, w.justification) for w in judgement.warnings] == [(kind, 1, "broken")]
        assert warned(built, SYNCED) == []
        assert warned(built, SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]


@pytest.mark.parametrize("what", STRAY)
def test_a_stray_write_is_a_crash_and_the_machine_is_clean_again(what: str, tmp_path: Path) -> None:
    built = kernel.build(write_toy(tmp_path, on_map=STRAY[what], more=DEEPER))
    for _ in range(3):
        assert warned(built, SMALL) == [("crash", 1)]
        assert warned(built, SYNCED) == []
        assert warned(built, SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]


# The hook of map_page in 6.12, from where its entry is complete.
ENTERED = "check_for_stack(dev, page, offset);"
INJECTED = {
    "crash": "if (size == 32) *(volatile int *)NULL = 1;",
    "hang": "while (READ_ONCE(entry->size) == 32) ;",
    "index": "{ static int sizes[16]; sizes[size / 1024]++; }",
}


@pytest.mark.parametrize("kind", INJECTED)
def test_the_search_finds_a_breakdown_of_a_genuine_kernel_and_goes_on(kind: str, genuine: Path, tmp_path: Path) -> None:
    built = kernel.build(edited(genuine, tmp_path, ENTERED, f"{ENTERED} {INJECTED[kind]}"))
    engine = _core.Engine(f"kernel:{built.library}", [machine(), machine("arm64-6.5")], seed=1, ops_limit=12)
    broken: list[_core.Finding] = []
    end = time.monotonic() + 60
    while not broken and time.monotonic() < end:
        engine.burst(500, 200)
        broken = [found for found in engine.take_findings() if found.label == "broken"]
    assert broken, engine.stats()
    assert broken[0].kind == ("hang" if kind == "hang" else "crash")
    assert len(broken[0].ops) == 2
    # After the crash the same code judges as an untouched kernel does.
    ran = engine.stats().programs
    engine.burst(500, 200)
    assert engine.stats().programs > ran
    assert warned(built, SYNCED_ELSEWHERE) == warned(kernel.build(genuine), SYNCED_ELSEWHERE)


def test_a_breakdown_goes_from_a_run_to_a_file_that_replays(genuine: Path, tmp_path: Path) -> None:
    tree = edited(genuine, tmp_path, ENTERED, f"{ENTERED} {INJECTED['crash']}")
    kernel.add(tree, "bad")
    command = [sys.executable, "-P", "-m", "dmafuzz"]
    done = subprocess.run(
        [*command, "fuzz", "--tracker", "kernel:bad", "--time", "5", "--engine", "native", "--out", f"{tmp_path}/out"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert " of tracker crash" in done.stdout
    assert "did not show" not in done.stdout
    file = sorted((tmp_path / "out" / "leaders").glob("*broken-crash-*.dma"))[0]
    assert "labels=broken" in file.read_text()
    checked = subprocess.run([*command, "judge", "--check", str(file)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (
        0,
        f"{file}: ok, {file.read_text().count('expect ')} expectations\n",
    )
    told = subprocess.run(
        [*command, "judge", str(file), "--tracker", "kernel:bad"], capture_output=True, text=True, check=True
    )
    assert "\ntracker crash " in told.stdout


# Instrumented


def coverage(built: kernel.KernelTracker) -> int:
    engine = _core.Engine(f"kernel:{built.library}", [machine()], seed=1, ops_limit=12)
    for seed in range(300):
        engine.run(_core.encode(_core.random_program(seed, 10)))
    return engine.stats().coverage


@pytest.mark.parametrize("compiler", ["clang", "gcc"])
def test_edges_of_the_kernels_code_are_feedback(compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"needs {compiler}")
    monkeypatch.setenv("CC", compiler)
    tree = write_toy(tmp_path)
    plain, counted = kernel.build(tree), kernel.build(tree, instrument=True)
    assert not plain.instrumented
    assert counted.instrumented
    assert warned(counted, SYNCED_ELSEWHERE) == [("sync-unallocated", 2)]
    assert coverage(counted) > coverage(plain)


def test_an_instrumented_kernel_is_listed_as_one(tmp_path: Path) -> None:
    added = said(run("kernel", "add", write_toy(tmp_path), "--name", "counted", "--instrument"))
    assert "instrumented (" in added
    assert ("clang is not there" in added) == (shutil.which("clang") is None)
    assert said(run("kernel", "list")).splitlines()[1].split()[3] == "yes"


def test_bench_says_how_fast_a_kernels_code_is(tmp_path: Path) -> None:
    kernel.add(write_toy(tmp_path), "quick")
    result = run("kernel", "bench", "quick", "--repeats", "1")
    assert "kernel:quick on x86-5.5: " in said(result)
    assert "programs of 24 calls a second" in said(result)
