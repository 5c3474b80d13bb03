# SPDX-License-Identifier: GPL-2.0-only
"""Builds of dmafuzz that are measured against each other: this one, and one in another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmafuzz.benchmark import driver

_SECONDS_MAX = 7_200.0


class BuildError(ValueError):
    """A folder that has no build of dmafuzz, or one that cannot be measured."""


@dataclass(frozen=True)
class Build:
    """A folder that has the package with its core: a checkout that is built in place, or where it is installed."""

    name: str
    folder: Path

    @classmethod
    def here(cls) -> Build:
        """The one that runs."""
        return cls("this build", Path(driver.__file__).parents[2])

    @classmethod
    def at(cls, folder: Path) -> Build:
        """Raises BuildError."""
        build = cls("the other build", folder.resolve())
        if not build.folder.is_dir():
            raise BuildError(f"{folder}: no folder")
        try:
            core = Path(str(build.ask("about")["core"])).resolve()
        except BuildError as error:
            raise BuildError(f"{folder}: expected a checkout whose core is built in place: {error}") from None
        if not core.is_relative_to(build.folder):
            raise BuildError(f"{folder}: expected a checkout whose core is built in place; it has none")
        return build

    @property
    def commit(self) -> str:
        """Short, and whether files differ from it; "unknown" outside of a checkout."""
        names = self._git("rev-parse", "--short", "HEAD"), self._git("rev-parse", "--show-toplevel")
        if not names[0] or Path(names[1]).resolve() != self.folder.resolve():
            return "unknown"
        return names[0] + (" with changes" if self._git("status", "--porcelain", "--untracked-files=no") else "")

    def ask(self, measure: str, **question: Any) -> dict[str, Any]:
        """A figure (`dmafuzz.benchmark.driver`), by a fresh process of that build. Raises BuildError."""
        text = json.dumps({"measure": measure, **question})
        command = [sys.executable, "-P", str(Path(driver.__file__).resolve()), text]
        # Compiled files would be written into the other build's folder.
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, timeout=_SECONDS_MAX, check=False
            )
        except subprocess.TimeoutExpired:
            raise BuildError(f"{measure}: not done in {_SECONDS_MAX:.0f} s") from None
        lines = (done.stderr if done.returncode else done.stdout).strip().splitlines()
        if done.returncode or not lines:
            raise BuildError(f"{measure}: {lines[-1] if lines else f'ended with status {done.returncode}'}")
        answer: dict[str, Any] = json.loads(lines[-1])
        return answer

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(self.folder), *arguments], capture_output=True, text=True, check=False
            )
        except OSError:
            return ""
        return done.stdout.strip() if not done.returncode else ""
