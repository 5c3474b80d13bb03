# SPDX-License-Identifier: GPL-2.0-only
"""The module that runs in guests compiles for the kernels whose headers are installed, without a warning."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dmafuzz.confirmation import building

HEADERS = sorted(Path("/usr/src").glob("linux-headers-*-amd64"))


@pytest.mark.slow
@pytest.mark.skipif(not HEADERS or not shutil.which("make"), reason="apt-get install linux-headers-amd64 make")
@pytest.mark.parametrize("headers", HEADERS, ids=lambda path: path.name)
def test_debians_headers_compile_the_module(headers: Path, tmp_path: Path) -> None:
    for path in (Path(building.__file__).parent / "guest").iterdir():
        shutil.copy(path, tmp_path / path.name)
    make = ["make", "-s", "-C", str(headers), f"M={tmp_path}", "modules"]
    made = subprocess.run(make, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "warning:" not in made.stderr.replace("warning: the compiler differs", "")
    assert (tmp_path / "dmafuzz.ko").is_file()
