# SPDX-License-Identifier: GPL-2.0-only
"""What checks.toml says, as data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

UNKNOWN = "unknown"

_VERSION = re.compile(r"v?(\d+(?:\.\d+)+)(-rc\d+)?")


@dataclass(frozen=True)
class Message:
    """What the kernel prints from version ``since`` on: printk's format, without its header and its end."""

    since: str
    text: str


@dataclass(frozen=True)
class Check:
    """One check of a tracker, named as its warning is.

    ``means`` is what has happened where it warns, ``topic`` what its findings are about. ``known_by`` are parts of the
    messages by which a kernel's own code is understood, ``messages`` the kernel's, in the order of versions; there are
    none for what dma-debug never says (a tracker crash of its own code, a message that is not known).
    """

    id: str
    means: str
    topic: str
    known_by: tuple[str, ...]
    messages: tuple[Message, ...]

    def message(self, version: str = "") -> str:
        """What a kernel of that version prints, "" for nothing.

        Without a version it is the newest wording, for a kernel that is older than the check the oldest one.
        """
        if not self.messages:
            return ""
        found = _VERSION.match(version)
        fitting = [each for each in self.messages if not found or _order(each.since) <= _order(version)]
        return fitting[-1].text if fitting else self.messages[0].text


@cache
def checks() -> Mapping[str, Check]:
    """All of them by id, in the order of the specification's table of warnings."""
    text = resources.files("dmafuzz.checks").joinpath("checks.toml").read_text(encoding="utf-8")
    return {name: _check(name, facts) for name, facts in tomllib.loads(text).items()}


def named(name: str) -> Check:
    """The check of that id; for an id that is not known here, what is said of unknown ones."""
    return checks().get(name, checks()[UNKNOWN])


def _check(name: str, facts: Mapping[str, Any]) -> Check:
    messages = tuple(Message(since, text) for since, text in facts.get("messages", {}).items())
    return Check(name, facts["means"], facts["topic"], tuple(facts.get("known_by", ())), messages)


def _order(version: str) -> tuple[tuple[int, ...], bool]:
    """A release candidate comes before its release."""
    found = _VERSION.match(version)
    numbers = tuple(int(number) for number in found.group(1).split(".")) if found else ()
    return numbers, not (found and found.group(2))
