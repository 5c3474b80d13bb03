# SPDX-License-Identifier: GPL-2.0-only
"""The reasons of a kernel's own code: of its era's model where the two say the same of a call, elsewhere `departs`.

On a kernel of our own (toy_kernel.py), which warns of next to nothing, and on Debian's.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from toy_kernel import write_toy

from dmafuzz import _core, kernel, platforms
from dmafuzz.cli import main
from dmafuzz.exhaustive import Result, Search, SearchPlan, Signature
from dmafuzz.exhaustive.result import Order
from dmafuzz.kernel.source import find_source, store
from dmafuzz.program import parse
from dmafuzz.trackers import own_era, resolve

ARCHIVES = {era: Path(f"/usr/src/linux-source-{era}.tar.xz") for era in ("6.1", "6.12")}
MACHINES = ("x86-5.5", "armv7-5.18", "arm64-6.5", "arm64-6.5-iommu-strict", "x86-5.18-force-bounce")

# Silent in 6.12, which does not see what the CPU does; and for one of its rules.
WRITTEN = "cpu0 b0 = alloc pages 64\ncpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE\ncpu0 write b0 0 64"
SECOND_LINE = (
    "cpu0 b0 = alloc pages 256\ncpu0 m0 = map_single d0 b0 0 96 FROM_DEVICE\n"
    "cpu0 m1 = map_single d0 b0 96 96 FROM_DEVICE"
)
# 6.12 tells of it, and the toy does not.
FIRST_LINE = (
    "cpu0 b0 = alloc pages 64\ncpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE\n"
    "cpu0 m1 = map_single d0 b0 16 16 FROM_DEVICE"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def machine(name: str) -> Any:
    return platforms.to_core(platforms.load(name))


def ops(text: str) -> Any:
    return parse(f"dmafuzz 1\n{text}\n").ops


def silent_for(tracker: str, text: str, platform: str = "armv7-5.18") -> set[str]:
    return {
        why for label, _, why in _core.Judge(tracker, [machine(platform)]).signatures_on(ops(text), 0) if label == "FN"
    }


def genuine(era: str, tmp_path: Path) -> Path:
    """The few files of Debian's kernel that matter, in a folder of their own."""
    if not ARCHIVES[era].exists():
        pytest.skip(f"needs Debian's package linux-source-{era}")
    store(find_source(ARCHIVES[era]).files(), tmp_path / "tree")
    return tmp_path / "tree"


def edited(tree: Path, before: str, after: str) -> Path:
    text = (tree / "kernel/dma/debug.c").read_text()
    assert before in text
    copy = tree.parent / "edited"
    shutil.copytree(tree, copy)
    (copy / "kernel/dma/debug.c").write_text(text.replace(before, after, 1))
    return copy


# A toy


def test_where_a_toy_says_the_same_its_reason_is_the_models(tmp_path: Path) -> None:
    library = kernel.build(write_toy(tmp_path)).library
    assert silent_for(f"kernel@6.12:{library}", WRITTEN) == {"not-looked-at"}
    assert silent_for(f"kernel@6.12:{library}", SECOND_LINE) == {"first-line-only"}
    assert silent_for(f"kernel:{library}", SECOND_LINE) == {"unknown"}


def test_where_the_model_warns_and_a_toy_does_not_it_departs(tmp_path: Path) -> None:
    library = kernel.build(write_toy(tmp_path)).library
    assert silent_for("6.1", FIRST_LINE) == set()
    assert silent_for(f"kernel@6.1:{library}", FIRST_LINE) == {"departs"}


def test_what_is_left_unsaid_at_a_call_that_a_toy_warns_of_is_no_reason(tmp_path: Path) -> None:
    """The toy warns of every map of 96 bytes, for a reason that the model does not know."""
    told = 'if (size == 96) WARN(1, pr_fmt("device driver tries to sync DMA memory it has not allocated\\n"));'
    library = kernel.build(write_toy(tmp_path, on_map=told)).library
    assert "first-line-only" in silent_for("6.12", SECOND_LINE)
    assert "first-line-only" not in silent_for(f"kernel@6.12:{library}", SECOND_LINE)


def test_a_toy_is_of_no_era_unless_somebody_says_so(tmp_path: Path) -> None:
    write_toy(tmp_path / "tree")
    added = CliRunner().invoke(main, ["kernel", "add", str(tmp_path / "tree"), "--name", "toy"])
    assert "; it warns like no era, so that why it is silent is not known\n" in added.output
    assert resolve("kernel:toy").core.startswith("kernel:")
    said = CliRunner().invoke(main, ["kernel", "add", str(tmp_path / "tree"), "--name", "toy", "--era", "6.12"])
    assert "; warns like 6.12 on " in said.output
    assert resolve("kernel:toy").core.startswith("kernel@6.12:")
    assert resolve(f"kernel:{tmp_path}/tree").core.startswith("kernel:")
    refused = CliRunner().invoke(main, ["kernel", "add", str(tmp_path / "tree"), "--era", "6.x"])
    assert (refused.exit_code, "--era: there is no era '6.x': 7.2, " in refused.output) == (2, True)


def test_the_word_is_in_story_json_and_cause(tmp_path: Path) -> None:
    kernel.add(write_toy(tmp_path / "tree"), "toy", era="6.1")
    (tmp_path / "p.dma").write_text(f"dmafuzz 1\n{FIRST_LINE}\n")
    asked = ["judge", str(tmp_path / "p.dma"), "--tracker", "kernel:toy", "--platform", "armv7-5.18"]
    told = " ".join(CliRunner().invoke(main, asked).output.split())
    assert "dma-debug is silent: this kernel's code departs from its era here" in told
    judgement = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)
    assert {corruption["reason"] for corruption in judgement["corruptions"]} == {"departs"}
    minimal = CliRunner().invoke(main, ["minimize", str(tmp_path / "p.dma"), "--tracker", "kernel:toy"])
    assert "departs" in minimal.output


@pytest.mark.parametrize("name", ["kernel@:x", "kernel@6.x:x", "kernel6.12:x", "kernel", "kernel@6.12"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no tracker of that name"):
        _core.Judge(name, [machine("x86-5.5")])


# Debian's


@pytest.mark.parametrize("era", ARCHIVES)
def test_debians_code_is_of_its_era_and_has_all_its_reasons(era: str, tmp_path: Path) -> None:
    built = kernel.build(genuine(era, tmp_path))
    found = own_era(built.library, built.version)
    assert found is not None
    assert (found.era, found.alike) == (era, found.programs)
    machines = [machine(name) for name in MACHINES]
    code, model = _core.Judge(f"kernel@{era}:{built.library}", machines), _core.Judge(era, machines)
    reasons = set()
    for seed in range(400):
        program = _core.random_program(seed, 10)
        assert code.signatures(program) == model.signatures(program), seed
        reasons |= {shown.reason for shown in model.signatures(program)}
    assert len(reasons) > 8
    assert reasons.isdisjoint({"departs", "unknown"})


def test_a_kernel_without_a_version_is_of_the_era_that_it_is_like(tmp_path: Path) -> None:
    tree = genuine("6.12", tmp_path)
    (tree / "Makefile").unlink()
    assert resolve(f"kernel:{tree}").core.startswith("kernel@6.12:")


def test_edited_code_departs_where_it_was_edited_and_nowhere_else(tmp_path: Path) -> None:
    """Overlaps of mappings of 16 bytes are kept back."""
    before = "\tif (entry->direction == DMA_TO_DEVICE)\n\t\treturn 0;\n"
    tree = genuine("6.12", tmp_path)
    copy = edited(tree, before, before + "\tif (entry->size == 16)\n\t\treturn 0;\n")
    core = resolve(f"kernel:{copy}").core
    assert core.startswith("kernel@6.12:")
    assert silent_for(core, FIRST_LINE) == {"departs"}
    assert silent_for(core, SECOND_LINE) == {"first-line-only"}
    assert silent_for(core, WRITTEN) == {"not-looked-at"}


class Quiet:
    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        pass

    def pairs(self, done: int) -> None:
        pass


def test_the_exhaustive_search_finds_the_same_causes_in_code_and_model(tmp_path: Path) -> None:
    built = kernel.build(genuine("6.12", tmp_path))
    members = tuple(platforms.portfolio("6.12"))

    def searched(core: str) -> Result:
        return Search(SearchPlan("6.12", core, "6.12", members, 3)).run(Quiet())

    def found(result: Result) -> dict[Signature, tuple[int, dict[int, Order]]]:
        return {
            signature: (found.count, {platform: smallest.size for platform, smallest in found.smallest.items()})
            for signature, found in result.found.items()
        }

    code, model = searched(f"kernel@6.12:{built.library}"), searched("6.12")
    assert found(code) == found(model)
    assert code.labels == model.labels
