# SPDX-License-Identifier: GPL-2.0-only
"""The documents: what is made by a program is up to date, links lead somewhere, and what they show is what happens.

Of each page all fenced blocks are taken, in order, in one folder: a `dma` block is a program, whose `expect` lines
must hold (one that begins with a comment like `# name.dma` is saved under that name); the lines of a `sh` block are
run, with short settings; those of a `console` block are run as they are, and must print what the page says; a `python`
block is an interactive session. What commands print is written into the pages anew with `--promote`; `sh` blocks are
run with `-m slow` (or `--long`) only.
"""

from __future__ import annotations

import doctest
import functools
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from toy_kernel import write_toy

from dmafuzz import _core
from dmafuzz import program as language
from dmafuzz.program.expect import LABELS
from dmafuzz.program.forms import FORMS
from dmafuzz.reporting import judgements_in_full
from dmafuzz.verdicts import Judge, check

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
# Where the package under test is: not the checkout, where it is installed.
PACKAGES = Path(_core.__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
# The specification shows patterns and other people's logs, the changelog nothing that is run.
SHOWING = [page for page in PAGES if DOCS / "spec" not in page.parents and page.name != "CHANGELOG.md"]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"^dmafuzz 1\n# (\S+\.dma)\n")
# Installing, building, booting and testing: nothing of it belongs into a test of the documents.
NOT_RUN = re.compile(
    r"\b(apt-get|pip|cmake|pytest|git|confirm|bench|sphinx-build|eval|sanitize|compare_simulators|insmod|nanobind)\b"
    r"|python -m (making|dmafuzz\.)|python tests/"
    r"|--patch fix\.diff"  # a patch of one's own: tests/test_review_debian.py has some
)
# What takes its time in earnest, and what it is here.
SHORT = (
    (r"--time \d+", "--time 2"),
    (r"--jobs \d+", "--jobs 1"),
    (r"--programs \d+", "--programs 300"),
    (r"(search|catalogue)( .*)?--ops \d", r"\1\2--ops 2"),
)


TRIES = 20  # of two seconds each: machines are busy at times


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    begin: int  # of the text, in the page


def blocks(page: Path, *kinds: str) -> Iterator[Block]:
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        if found.group(1) in kinds:
            yield Block(found.group(1), found.group(2), found.start(2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader would be: in a checkout, with a kernel tree in ~/src/linux and dmafuzz to be called."""
    here = tmp_path / "checkout"
    here.mkdir()
    for name in ("corpus", "docs", "reports"):
        (here / name).symlink_to(ROOT / name)
    write_toy(tmp_path / "home/src/linux")
    # The package that is tested, whatever PYTHONPATH a command sets.
    path = f"import sys\n\nsys.path.append({str(PACKAGES)!r})\n"
    starts = path + 'from dmafuzz.cli import main\n\nif __name__ == "__main__":\n    main()\n'
    tool(tmp_path / "bin/dmafuzz", f"#!{sys.executable}\n{starts}")
    tool(tmp_path / "bin/dmesg", f"#!/bin/sh\ncat {DOCS}/howto/logs/ftgmac100.txt\n")
    return here


def tool(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    surroundings = {
        **os.environ,
        "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(PACKAGES),
        "HOME": str(folder.parent / "home"),
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    return subprocess.run(["bash", "-c", command], cwd=folder, env=surroundings, capture_output=True, text=True)


def wait_for_a_finding(command: str, out: Path, folder: Path) -> None:
    """What comes after it needs one. The same command goes on where it was."""
    for _ in range(TRIES):
        if any(out.glob("leaders/*.dma")):
            return
        run(command, folder)


def save_programs(page: Path, folder: Path) -> None:
    for block in blocks(page, "dma"):
        if name := SAVED.match(block.text):
            (folder / name.group(1)).write_text(block.text)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert not target.startswith(("http:", "https:")), f"{target}: pages ask nobody else"
        file, _, anchor = target.partition("#")
        aim = (page.parent / file).resolve() if file else page
        assert aim.exists(), target
        assert not anchor or anchor in anchors(aim), target


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for page in SHOWING if any(blocks(page, "dma"))], ids=lambda page: page.name)
def test_programs_are_what_is_said_of_them(page: Path) -> None:
    for block in blocks(page, "dma"):
        program = language.parse(block.text, page.name)
        assert not check(program), block.text


def short(command: str) -> str:
    for long, instead in SHORT:
        command = re.sub(long, instead, command)
    return command


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in SHOWING if any(blocks(page, "sh"))], ids=lambda page: page.name)
def test_commands_work(page: Path, folder: Path) -> None:
    save_programs(page, folder)
    for block in blocks(page, "sh"):
        for line in block.text.replace("\\\n", "").splitlines():
            command = line.partition(" #")[0].strip()
            if not command or NOT_RUN.search(command):
                continue
            done = run(short(command), folder)
            if out := re.search(r"dmafuzz fuzz .*--out (\S+)", command):
                wait_for_a_finding(short(command), folder / out.group(1), folder)
            # 1: there is something to be said of what was asked about.
            assert done.returncode in (0, 1), f"{command}\n{done.stdout}{done.stderr}"
            assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("page", [page for page in SHOWING if any(blocks(page, "console"))], ids=lambda page: page.name)
def test_commands_print_what_is_shown(page: Path, folder: Path, promote: bool) -> None:
    save_programs(page, folder)
    text = page.read_text(encoding="utf-8")
    wrong = []
    for block in reversed(list(blocks(page, "console"))):
        made = "".join(f"$ {command}\n{printed(command, folder)}" for command in commands(block.text))
        if made != block.text:
            wrong.append(f"{page.name} shows\n{block.text}\nand it is\n{made}")
            text = text[: block.begin] + made + text[block.begin + len(block.text) :]
    if promote:
        page.write_text(text, encoding="utf-8")
    else:
        assert not wrong, "\n\n".join(wrong)


def commands(text: str) -> list[str]:
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


def printed(command: str, folder: Path) -> str:
    done = run(command, folder)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("page", [page for page in SHOWING if any(blocks(page, "python"))], ids=lambda page: page.name)
def test_sessions_are_what_is_shown(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_programs(page, folder)
    monkeypatch.chdir(folder)
    text = "\n".join(block.text for block in blocks(page, "python"))
    session = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    assert session.examples
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=report.append)
    assert not report, "".join(report)


def test_the_language_is_described_in_full() -> None:
    """Every operation with all its arguments, every kind of buffer, attribute and label, and none that there is not."""
    text = (DOCS / "reference/language.md").read_text()
    rows = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    operations = [row for row in rows if row.startswith(("cpuN", "device"))]
    assert sorted(operations) == sorted(making("language").signatures())
    kinds = [
        kind.name for kind in _core.BufferKind if kind not in (_core.BufferKind.coherent, _core.BufferKind.noncoherent)
    ]
    arguments = {argument.name + "=" for form in FORMS.values() for argument in form.arguments}
    flags = {flag for form in FORMS.values() for flag in form.flags}
    others = set(rows) - set(operations) - {"cpu0", "d0", "b0", "m0", "bN:OFFSET:SIZE"}
    assert others == {*kinds, *arguments, *flags, *LABELS}
    for attribute in _core.ATTRS:
        assert f"`{attribute}`" in text
    for limit in (_core.CPUS_MAX, _core.DEVICES_MAX, _core.BUFFERS_MAX, _core.MAPPINGS_MAX):
        assert f"{limit - 1}`" in text


@pytest.mark.parametrize("heading", ["A judgement", "A warning", "A corruption", "A harm"])
def test_json_is_described_in_full(heading: str) -> None:
    text = (DOCS / "reference/json.md").read_text()
    said = re.findall(r"^\| `(\w+)` \|", text.partition(f"## {heading}\n")[2].partition("\n## ")[0], re.MULTILINE)
    assert set(said) == {key for each in objects(heading) for key in each}


@functools.cache
def objects(heading: str) -> list[dict[str, Any]]:
    """All objects of a kind in the judgements of some programs that show much."""
    judge = Judge("6.12")
    files = [*sorted((ROOT / "corpus/threads").glob("two-*.dma")), *sorted((ROOT / "corpus/rules").glob("*.dma"))]
    read = [language.read(file) for file in files]
    judged = [
        record
        for program in read
        for record in judgements_in_full([judge.judge(program, name) for name in judge.members], program, judge)
    ]
    key = {"A warning": "warnings", "A corruption": "corruptions", "A harm": "harms"}.get(heading)
    return judged if key is None else [each for one in judged for each in one[key]]


def test_the_architecture_is_short() -> None:
    lines = (DOCS / "architecture.md").read_text().splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 100


def making(name: str) -> Any:
    """A module of docs/making."""
    if str(DOCS) not in sys.path:
        sys.path.append(str(DOCS))
    return importlib.import_module(f"making.{name}")


@pytest.mark.parametrize("name", ["tower", "commands"])
def test_what_is_made_by_a_program_is_up_to_date(name: str) -> None:
    made: dict[Path, str] = making(name).made()
    stale = [str(file.relative_to(ROOT)) for file, text in made.items() if file.read_text() != text]
    assert not stale, "made again by `python -m making` in docs/"


def test_a_room_stands_below_all_that_use_it() -> None:
    imports = making("imports")
    uses = {
        "top": {"left", "right", "base"},
        "left": {"base"},
        "right": {"left", "loose"},
        "base": set(),
        "loose": set(),
    }
    assert imports.floors(uses) == [["top"], ["right"], ["left", "loose"], ["base"]]
    assert imports.direct(uses) == {**uses, "top": {"right"}}
    circle = {"a": {"b", "base"}, "b": {"a", "base"}, "base": set()}
    assert imports.floors(circle) == [["a", "b"], ["base"]]
    assert imports.direct(circle) == circle


def test_the_man_page_is_one() -> None:
    if shutil.which("man") is None:
        pytest.skip("no man here")
    command = ["man", "--warnings", "-l", str(DOCS / "man/dmafuzz.1")]
    done = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", **os.environ})
    assert done.returncode == 0
    assert "warning" not in done.stderr
    assert "dmafuzz judge" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(shell: str, folder: Path) -> None:
    done = run(f"_DMAFUZZ_COMPLETE={shell}_source dmafuzz", folder)
    assert done.returncode == 0
    assert "_DMAFUZZ_COMPLETE" in done.stdout


def test_the_site_is_built_without_a_warning_and_asks_nobody(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="no sphinx here: pip install '.[docs]'")
    pytest.importorskip("myst_parser", reason="no myst-parser here: pip install '.[docs]'")
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html", str(DOCS), str(site)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(PACKAGES)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in [*site.rglob("*.html"), *site.rglob("*.css")]:
        for tag in re.findall(
            r"<(?:script|link|img|iframe|source)\b[^>]*>|url\([^)]*\)|@import[^;]*;", page.read_text()
        ):
            assert not re.search(r"https?:|[\"'(]//", tag), f"{page.name}: {tag}"
