# SPDX-License-Identifier: GPL-2.0-only
"""Pages in a real browser: nothing is asked for or complained of, nothing sticks out, and all text can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import browser
from dmafuzz.program import parse, read
from dmafuzz.publishing import finding_of, run_of, write_pages
from dmafuzz.publishing.content import Growth
from dmafuzz.publishing.sharing import by_platforms
from dmafuzz.verdicts import judging

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.found() is None, reason="there is no Chromium (Debian's package: chromium)"),
]
ROOT = Path(__file__).parent.parent
CONTRAST_MIN = 4.5  # WCAG 2.1, 1.4.3
PAGE_BYTES_MAX = 120_000
INDEX_BYTES_MAX = 300_000
WIDTHS_PIXELS = (1280, 400)

# 4 CPUs, 3 devices, bounce buffers, copy-on-write, 24 lines.
LARGE = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu1 b1 = alloc kmalloc 96
cpu2 b2 = alloc page_cache 4096
cpu3 b3 = alloc anonymous 4096
cpu0 m0 = map_single d0 b0 0 1536 BIDIRECTIONAL
cpu1 m1 = map_single d1 b1 0 64 FROM_DEVICE
cpu2 m2 = map_page d2 b0 1024 2048 BIDIRECTIONAL
cpu3 m3 = map_page d2 b2 0 4096 BIDIRECTIONAL
cpu1 m4 = map_single d1 b0 1024 512 TO_DEVICE
cpu0 m5 = map_page d0 b3 0 4096 FROM_DEVICE
cpu3 sync_single_for_cpu m0
cpu3 read b0 0 64
cpu3 sync_single_for_device m0
cpu2 dirty b2 0 64
cpu1 cow b3 0
cpu1 write b0 1024 128
cpu1 sync_single_for_device m0
device m2 write 0 64
cpu3 unmap_page m3
cpu0 unmap_single m0
cpu1 unmap_single m1
cpu2 unmap_page m2
cpu0 unmap_page m5
cpu3 read b3 1024 64
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The index and the pages of the threads' programs, and of a large one."""
    bench = judging("6.12", "6.12")
    named = {"large": parse(LARGE)}
    named |= {path.name: read(str(path)) for path in sorted((ROOT / "corpus" / "threads").glob("*.dma"))[::3]}
    findings = [finding_of(name, program, bench, bench.members) for name, program in named.items()]
    bounced = finding_of("bounced", named["large"], bench, ["x86-5.18-force-bounce"])
    findings.append(bounced)
    run = run_of("Programs", "of the threads", findings, [*named.values(), named["large"]], "dmafuzz judge corpus")
    sets = {("FN", bench.members[at : at + 1 + at % 5]): 1 + at * at for at in range(14)}
    shared = by_platforms("FN", bench.members, sets)
    growth = Growth((0.0, 10.0, 20.0, 60.0), (0, 500, 900, 12_636), ())
    run = replace(run, shared=shared, shared_title="Where data is lost in silence", growth=growth)
    return write_pages(run, tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    with browser.running(tmp_path_factory.mktemp("profile")) as running:
        yield running.page()


def test_the_large_page_is_of_a_large_program(pages: list[Path]) -> None:
    text = (pages[0].parent / "bounced.html").read_text()
    assert all(word in text for word in ("cpu3", "d2", "slot of m", "old page"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS_PIXELS)
def test_pages_in_a_browser(pages: list[Path], page: browser.Page, width: int, dark: bool) -> None:
    for path in pages:
        page.complaints.clear()
        page.requests.clear()
        page.open(path, width, dark)
        assert page.complaints == [], path.name
        assert set(page.requests) <= {path.as_uri(), "data:,"}, path.name
        assert page.overflow_pixels == 0, path.name
        ratio, *about = page.lowest_contrast
        assert ratio >= CONTRAST_MIN, (path.name, about)


def test_names_beside_counts_have_room_on_a_narrow_screen(pages: list[Path], page: browser.Page) -> None:
    page.open(pages[0], min(WIDTHS_PIXELS))
    widths = page.value("JSON.stringify([...document.querySelectorAll('.heat tbody th')].map(e => e.offsetWidth))")
    assert min(json.loads(widths)) > min(WIDTHS_PIXELS) / 3


def test_a_page_that_sticks_out_or_is_hard_to_read_is_noticed(page: browser.Page, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text(
        "<!DOCTYPE html><body><p style='width: 3000px; color: #999; background: #fff'>pale and wide</p>"
        "<img src='nothing.png'><script>console.error('hm')</script>"
    )
    page.complaints.clear()
    page.requests.clear()
    page.open(path, 400)
    assert page.overflow_pixels > 2000
    assert page.lowest_contrast[0] < CONTRAST_MIN
    assert len(page.complaints) >= 1
    assert any(request.endswith("nothing.png") for request in page.requests)


def test_pages_are_small(pages: list[Path]) -> None:
    assert pages[0].stat().st_size < INDEX_BYTES_MAX
    assert max(path.stat().st_size for path in pages[1:]) < PAGE_BYTES_MAX
