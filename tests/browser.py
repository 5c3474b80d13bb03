# SPDX-License-Identifier: GPL-2.0-only
"""A real browser, Chromium without a window, by its own protocol over two pipes: for looking at pages in tests."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_READS, _WRITES = 3, 4  # the file descriptors that Chromium uses

# Of all text that is seen: the lowest contrast with what is behind it, as (ratio, text, colour, background).
_CONTRAST = """
(() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const linear = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  const light = c => .2126 * linear(c[0]) + .7152 * linear(c[1]) + .0722 * linear(c[2]);
  const behind = e => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
  };
  let worst = [99, '', '', ''];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement, style = getComputedStyle(e);
    if (!node.data.trim() || !e.getClientRects().length || style.visibility === 'hidden') continue;
    const inSvg = e.closest('svg') !== null, text = parse(inSvg ? style.fill : style.color), back = behind(e);
    const [a, b] = [light(text), light(back)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    if (ratio < worst[0]) worst = [ratio, node.data.trim().slice(0, 40), text.join(), back.join()];
  }
  return worst;
})()
"""
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def found() -> str | None:
    """The browser's path; None: there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Page:
    """What a page has done so far: messages on its console, and addresses that it has asked for."""

    browser: Browser
    session: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path, width_pixels: int, dark: bool = False) -> None:
        """Opens a file at a width and waits until it is there."""
        self.open_address(path.as_uri(), width_pixels, dark)

    def open_address(self, url: str, width_pixels: int, dark: bool = False) -> None:
        """The same of any address."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width_pixels, height=900, deviceScaleFactor=1, mobile=False
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call("Page.navigate", url=url)
        self.browser.wait_for("Page.loadEventFired")

    @property
    def overflow_pixels(self) -> int:
        """How much wider the page is than the window."""
        return int(self.value(_OVERFLOW))

    @property
    def lowest_contrast(self) -> tuple[float, str, str, str]:
        ratio, text, colour, background = self.value(_CONTRAST)
        return float(ratio), text, colour, background

    def picture(self, path: Path) -> None:
        """The whole page, as a PNG file."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def text_of_page(self) -> str:
        """What is in the page, also where no script may run."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        return str(self.call("DOM.getOuterHTML", nodeId=root)["outerHTML"])

    def value(self, expression: str) -> Any:
        """Of an expression of JavaScript."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]


class Browser:
    """A running browser, with one page."""

    def __init__(self, to: IO[bytes], of: IO[bytes]) -> None:
        self._to, self._of = to, of
        self._number = 0
        self._page: Page | None = None
        self._seen: list[str] = []

    def page(self) -> Page:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._page = Page(self, session)
        for domain in ("Page", "Network", "Log", "Runtime"):
            self._page.call(f"{domain}.enable")
        return self._page

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def wait_for(self, event: str) -> None:
        while event not in self._seen:
            self._next()
        self._seen.remove(event)

    def _next(self) -> dict[str, Any]:
        data = bytearray()
        while (byte := self._of.read(1)) != b"\0":
            assert byte, "the browser has gone"
            data += byte
        message: dict[str, Any] = json.loads(data)
        method, parameters = message.get("method", ""), message.get("params", {})
        if method == "Page.loadEventFired":
            self._seen.append(method)
        if self._page is not None and method == "Network.requestWillBeSent":
            self._page.requests.append(parameters["request"]["url"])
        if self._page is not None and method in (
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
        ):
            self._page.complaints.append(json.dumps(parameters))
        return message


@contextlib.contextmanager
def running(profile: Path) -> Iterator[Browser]:
    """A browser that lives as long as the block; ``profile``: an empty folder for what it keeps."""
    path = found()
    assert path is not None
    of_ours, to_it = os.pipe()
    of_it, to_ours = os.pipe()

    def take_pipes() -> None:
        first, second = os.dup(of_ours), os.dup(to_ours)
        os.dup2(first, _READS)
        os.dup2(second, _WRITES)

    command = [path, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
               "--disable-background-networking", "--no-first-run", f"--user-data-dir={profile}"]  # fmt: skip
    process = subprocess.Popen(
        command, preexec_fn=take_pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(of_ours)
    os.close(to_ours)
    try:
        with os.fdopen(to_it, "wb") as to, os.fdopen(of_it, "rb") as of:
            yield Browser(to, of)
    finally:
        process.terminate()
        process.wait()
