# SPDX-License-Identifier: GPL-2.0-only
"""What a program says about its own verdict: the `expect` lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .fields import NONE
from .tokens import Cursor, Token

EXPECT = "expect"  # the word that such a line begins with
# The docs/spec/verdicts.md §3 (Labels); and broken: the tracker itself crashed.
LABELS = ("TN", "TP", "FN", "FP", "hazard", "bookkeeping", "broken")

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+>-]*")
# Of a kernel only the name: code is named on the command line, not by a file.
_TRACKER = re.compile(rf"(kernel:)?{_WORD.pattern}")
_OPTIONAL_LISTS = ("warnings", "corruptions", "harms")
_KEYS = ("tracker", "platform", "portfolio", "labels", *_OPTIONAL_LISTS)


@dataclass(frozen=True)
class Expect:
    """The verdict a program expects from one tracker on each of some platforms.

    ``platforms`` and ``portfolio`` (every platform of it) exclude each other. ``labels`` is never empty.
    ``warnings``, ``corruptions`` and ``harms`` are the exact sets of kinds, or None where nothing is said.
    Names of trackers, platforms and kinds are taken as they are: the judging code knows which exist.
    Raises ValueError for words that the language cannot write, empty lists and repeated words.
    """

    tracker: str
    labels: tuple[str, ...]
    platforms: tuple[str, ...] = ()
    portfolio: str | None = None
    warnings: tuple[str, ...] | None = None
    corruptions: tuple[str, ...] | None = None
    harms: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not writable_tracker(self.tracker):
            raise ValueError(f"not a tracker's name: {self.tracker!r}")
        _check_words(self.labels)
        if not self.labels or any(label not in LABELS for label in self.labels):
            raise ValueError(f"labels are some of {', '.join(LABELS)}")
        if bool(self.platforms) == (self.portfolio is not None):
            raise ValueError("either platforms or a portfolio")
        _check_words(self.platforms if self.portfolio is None else (self.portfolio,))
        for words in (self.warnings, self.corruptions, self.harms):
            _check_words(words or ())


def writable_tracker(name: str) -> bool:
    """Can a line name that tracker? Not a kernel by its path, and none in Python: no file names code."""
    return bool(_TRACKER.fullmatch(name)) and name.isprintable() and name != NONE


def _check_words(words: Sequence[str]) -> None:
    for word in words:
        if not _WORD.fullmatch(word) or word == NONE:
            raise ValueError(f"not a name: {word!r}")
    if len(set(words)) != len(words):
        raise ValueError(f"repeated names: {', '.join(words)}")


def render_expect(expect: Expect) -> str:
    """The line of an expectation, without its end."""
    platforms = ",".join(expect.platforms)
    where = f"platform={platforms}" if expect.portfolio is None else f"portfolio={expect.portfolio}"
    line = [EXPECT, f"tracker={expect.tracker}", where, f"labels={','.join(expect.labels)}"]
    for key in _OPTIONAL_LISTS:
        words = getattr(expect, key)
        if words is not None:
            line.append(f"{key}={','.join(words) or NONE}")
    return " ".join(line)


def parse_expect(cursor: Cursor) -> Expect:
    """The expectation that the rest of a line holds. Raises ProgramError."""
    values: dict[str, Token] = {}
    for token in cursor.rest():
        pair = token.argument()
        if pair is None or pair[0].text not in _KEYS:
            name = token if pair is None else pair[0]
            raise name.error(f"one of {', '.join(f'{key}=' for key in _KEYS)}", _KEYS)
        key, value = pair
        if key.text in values:
            raise key.error(f"{key.text}= once")
        if key.text in ("platform", "portfolio") and ("platform" in values or "portfolio" in values):
            raise key.error("either platform= or portfolio=")
        values[key.text] = value
    for key_name in ("tracker", "labels"):
        if key_name not in values:
            raise cursor.end.error(f"{key_name}=")
    if "platform" not in values and "portfolio" not in values:
        raise cursor.end.error("platform= or portfolio=")
    return Expect(
        tracker=_tracker(values["tracker"]),
        labels=_labels(values["labels"]),
        platforms=_names(values["platform"]) if "platform" in values else (),
        portfolio=_name(values["portfolio"]) if "portfolio" in values else None,
        warnings=_names_or_none(values.get("warnings")),
        corruptions=_names_or_none(values.get("corruptions")),
        harms=_names_or_none(values.get("harms")),
    )


def _tracker(token: Token) -> str:
    if not writable_tracker(token.text):
        raise token.error("a name of letters, digits and . _ + > -, or kernel:NAME")
    return token.text


def _name(token: Token) -> str:
    if not _WORD.fullmatch(token.text) or token.text == NONE:
        raise token.error("a name of letters, digits and . _ + > -")
    return token.text


def _names(token: Token) -> tuple[str, ...]:
    names: list[str] = []
    for part in token.parts(",") if token.text else [token]:
        if _name(part) in names:
            raise part.error("each name once")
        names.append(part.text)
    return tuple(names)


def _names_or_none(token: Token | None) -> tuple[str, ...] | None:
    if token is None:
        return None
    return () if token.text == NONE else _names(token)


def _labels(token: Token) -> tuple[str, ...]:
    for part in token.parts(",") if token.text else [token]:
        if part.text not in LABELS:
            raise part.error(f"labels out of {', '.join(LABELS)}", LABELS)
    return _names(token)
