# SPDX-License-Identifier: GPL-2.0-only
"""The live page in a real browser, while a campaign runs: numbers move, and it connects again by itself."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import browser
from campaign_drills import command, kill, write_plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.found() is None, reason="there is no Chromium (Debian's package: chromium)"),
]
WAIT_S = 60.0


@contextmanager
def serving(plan: Path, port: int = 0) -> Iterator[str]:
    """The address of the page."""
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "dmafuzz", "campaign", "serve", str(plan), "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < deadline, "nothing has changed"
        time.sleep(0.5)


def test_numbers_move_and_the_connection_comes_back(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, "local", ("6.12",), programs=150)
    assert subprocess.run(command("campaign", "run", plan, "--slices", 1), check=False).returncode == 0
    running = subprocess.Popen(command("campaign", "run", plan, "--slices", 1000))
    try:
        with browser.running(tmp_path / "profile") as chromium:
            page = chromium.page()

            def text(selector: str = "body") -> str:
                return str(page.value(f"document.querySelector({selector!r}).innerText"))

            with serving(plan) as address:
                port = re.search(r":(\d+)/", address)
                assert port is not None
                page.open_address(address, 400)
                assert page.overflow_pixels <= 0
                assert page.lowest_contrast[0] >= 4.5
                until(lambda: "connected" in text("#line"))
                before = text("#figures")
                until(lambda: text("#figures") != before)
                assert "slice" in text("#work")
            until(lambda: "trying again" in text("#line"))
            with serving(plan, int(port[1])):
                until(lambda: text("#line") == "connected")
                at = text("#at")
                until(lambda: text("#at") != at)
            assert all(request.startswith((address, "data:")) for request in page.requests)
    finally:
        kill(running)


def test_the_page_is_read_without_script(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, "local", ("6.12",), programs=150)
    assert subprocess.run(command("campaign", "run", plan, "--slices", 1), check=False).returncode == 0
    with browser.running(tmp_path / "profile") as chromium, serving(plan) as address:
        page = chromium.page()
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.open_address(address, 1280)
        shown = page.text_of_page()
        assert "150" in shown
        assert "loaded anew every ten seconds" in shown
        assert "To look at first" in shown
