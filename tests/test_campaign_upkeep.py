# SPDX-License-Identifier: GPL-2.0-only
"""What a campaign needs besides its search: limits of the store, units, figures, the live page."""

from __future__ import annotations

import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz.campaign import read_plan_file, standings
from dmafuzz.campaign.figures import FIGURES, figures_json, states
from dmafuzz.campaign.live import LiveServer
from dmafuzz.campaign.live.content import live_of
from dmafuzz.estimates import unseen
from dmafuzz.findings import Finding
from dmafuzz.store import Keep, Store, target_of
from support import ROOT, said

NAMES = tuple(model.name for model in platforms.portfolio("6.12"))
PLAN = '[campaign]\nname = "a & b"\nslice = 100\njobs = 1\n[[target]]\ntracker = "6.12"\n'


def findings(count: int) -> list[Finding]:
    """Of programs that may or may not be what they are called."""
    found = [_core.encode(_core.random_program(seed, 3)) for seed in range(count)]
    return [Finding("FN", ("clobbered",), (), "6.12", each, (), "not-looked-at", NAMES[:1], "6.12") for each in found]


def plan_with_some(folder: Path, count: int = 5) -> Path:
    plan = folder / "campaign.toml"
    plan.write_text(PLAN)
    with closing(Store.create(folder / "campaign")) as store:
        store.add(read_plan_file(plan).plan_of(read_plan_file(plan).target[0], store.folder).target, findings(count))
    return plan


def test_of_a_topic_so_many_causes_are_kept_and_the_rest_as_counts(tmp_path: Path) -> None:
    of = target_of("6.12", "6.12", "6.12", NAMES)
    some = findings(40)
    store = Store.create(tmp_path / "store")
    store.add(of, some[:25])
    store.add(of, some[25:])
    known = store.names(of)
    assert store.keep_to(Keep(10)) == (len(known) - 10, 0)
    for opened in (store, Store.open(tmp_path / "store")):
        assert opened.names(of) == known
        assert sum(opened.counts(of).values()) == len(known)
        assert [facts.causes for facts in opened.topic_facts(of)] == [len(known)]
        assert len(list(opened.findings(of))) == 10
    assert store.add(of, some) == []  # what is counted is not found again
    assert store.keep_to(Keep(10)) == (0, 0)
    store.close()
    other = Store.create(tmp_path / "other")
    other.merge(tmp_path / "store")
    assert other.names(of) == known


def test_programs_beyond_the_limits_go_but_for_those_that_somebody_needs(tmp_path: Path) -> None:
    of = target_of("6.12", "6.12", "6.12", NAMES)
    store = Store.create(tmp_path / "store")
    for number in range(3):
        store.add_programs(of, [_core.encode(_core.random_program(number, 3))], number)
    packs = store.corpus_packs(of)
    assert (len(packs), len(store.corpus_packs(of, 2)), store.corpus_packs(of, 0)) == (3, 2, ())
    for name in packs:
        os.utime(tmp_path / "store" / "packs" / name, (1, 1))
    assert store.keep_to(Keep(10, corpus_days=1.0), [packs[0]]) == (0, 2)
    assert Store.open(tmp_path / "store").corpus_packs(of) == packs[:1]
    assert store.keep_to(Keep(10, corpus_megabytes=1e-6)) == (0, 1)


def test_units_start_the_plan_each_day(tmp_path: Path) -> None:
    folder = tmp_path / "with blank 100%"
    folder.mkdir()
    (folder / "campaign.toml").write_text(PLAN)
    status, text = said(
        "campaign", "unit", "systemd", folder / "campaign.toml", "--out", folder / "units", "--at", "01:30"
    )
    assert status == 0, text
    assert {path.name for path in (folder / "units").iterdir()} == {"dmafuzz-a-b.service", "dmafuzz-a-b.timer"}
    service = (folder / "units" / "dmafuzz-a-b.service").read_text()
    assert 'campaign run "' in service
    assert "100%%" in service
    _, cron = said("campaign", "unit", "cron", folder / "campaign.toml", "--at", "01:30")
    assert re.search(r"^30 1 \* \* \* cd '.*100\\%' && ", cron, re.MULTILINE)
    assert said("campaign", "unit", "cron", folder / "campaign.toml", "--at", "25:00")[0] == 2
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not at hand")
    command = ["systemd-analyze", "--user", "verify", *map(str, sorted((folder / "units").iterdir()))]
    places = f"{folder / 'units'}:/usr/lib/systemd/user"
    env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_UNIT_PATH": places}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    complaints = [line for line in done.stderr.splitlines() if "dmafuzz" in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


def test_what_is_left_to_find_is_estimated_with_an_interval() -> None:
    assert unseen([]).high == math.inf
    every = unseen([50] * 20)
    assert (every.left, every.low) == (0.0, 0.0)
    some = unseen([1] * 10 + [2] * 5 + [30] * 20)
    assert some.low < some.left < some.high
    assert some.left == pytest.approx(10 * 9 / (2 * 6), rel=0.01)  # Chao's bound, corrected for its bias
    assert unseen([1, 1, 1, 9]).high > 3
    assert unseen([1, 5, 9]).high == 3.0


def test_figures_are_declared_once_and_shown_everywhere(tmp_path: Path) -> None:
    plan = plan_with_some(tmp_path)
    file = read_plan_file(plan)
    with closing(Store.open(tmp_path / "campaign")) as store:
        [state] = states(standings(file, store), store, 2e9)
    names = [figure.name for figure in FIGURES]
    assert len(set(names)) == len(names)
    assert list(figures_json(state)) == names
    assert figures_json(state)["causes"] == {"FN": 5}
    told = (ROOT / "docs" / "reference" / "json.md").read_text()
    for figure in FIGURES:
        assert f"| `{figure.name}` | {figure.unit or '-'} | {figure.means} |" in told
    live = live_of(file, tmp_path / "campaign")
    assert [means for _, means, _ in live.figures] == [figure.means for figure in FIGURES]
    assert [row.causes for row in live.first] == [5] or live.first == []


@contextmanager
def served(plan: Path, host: str = "127.0.0.1", port: int = 0) -> Iterator[LiveServer]:
    file = read_plan_file(plan)
    server = LiveServer(lambda: live_of(file, plan.parent / "campaign"), host, port)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.close()


def get(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_page_is_read_without_script_and_only_here(tmp_path: Path) -> None:
    plan = plan_with_some(tmp_path)
    with served(plan) as server:
        status, text = get(server.url)
        assert status == 200
        assert "a &amp; b" in text
        assert "5 FN" in text
        assert '<noscript><meta http-equiv="refresh"' in text
        assert get(f"{server.url}secret")[0] == 404
        assert get(server.url, Host="evil.example")[0] == 403
        with urllib.request.urlopen(f"{server.url}events", timeout=30) as events:
            lines = [events.readline() for _ in range(3)]
        assert lines[0].startswith(b"retry: ")
        assert lines[2].startswith(b"data: ")


def test_beyond_loopback_a_token_is_asked_for(tmp_path: Path) -> None:
    with served(plan_with_some(tmp_path), "0.0.0.0") as server:
        address = server.url.replace("0.0.0.0", "127.0.0.1")
        assert server.token
        assert server.token in address
        assert get(address)[0] == 200
        assert get(address.partition("?")[0])[0] == 403
        assert get(address.replace(server.token, "guess"))[0] == 403
        assert get(address.partition("?")[0], Cookie=f"dmafuzz-token={server.token}")[0] == 200


def test_a_page_that_cannot_be_served_is_one_line(tmp_path: Path) -> None:
    plan = plan_with_some(tmp_path)
    with served(plan) as server:
        port = re.search(r":(\d+)/", server.url)
        assert port is not None
        status, text = said("campaign", "serve", plan, "--port", port[1])
    assert status == 2
    assert "cannot be served" in text


def test_a_folder_whose_name_is_no_text_is_a_store(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xffname"))
    command = [sys.executable, "-P", "-m", "dmafuzz", "fuzz", "--programs", "60", "--ops", "6", "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert b"60 programs" in done.stdout
    with closing(Store.open(folder)) as store:
        assert store.topic_facts(target_of("6.12", "6.12", "6.12", NAMES))


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="there is no sysfs, where nobody makes a folder")
@pytest.mark.parametrize("command", ["fuzz", "campaign"])
def test_where_nothing_can_be_written_that_is_one_line(command: str, tmp_path: Path) -> None:
    if command == "fuzz":
        status, text = said("fuzz", "--time", "1", "--out", "/sys/dmafuzz")
        text = text.partition("\n")[2]
    else:
        plan = tmp_path / "campaign.toml"
        plan.write_text(PLAN.replace("slice", 'store = "/sys/dmafuzz"\nslice'))
        status, text = said("campaign", "run", plan, "--slices", "1")
    assert status == 2
    assert re.fullmatch(r"/sys/dmafuzz.*: [A-Z].*\n", text)


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_workflows_ask_for_what_there_is(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "howto" / "ci" / f"{name}.yml").read_text()
    asked = re.search(r"dmafuzz campaign ci ((?:\\\n|.)*)", text)
    assert asked is not None
    arguments = shlex.split(asked[1].replace("\\\n", " ").replace("$GITHUB_STEP_SUMMARY", "summary.md"))
    monkeypatch.chdir(tmp_path)
    status, message = said("campaign", "ci", *arguments)
    assert status == 2
    assert message.startswith("campaign.toml: cannot be read")  # all else of the command is right
