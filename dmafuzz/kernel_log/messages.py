# SPDX-License-Identifier: GPL-2.0-only
"""dma-debug's messages found in a log, as the table of checks has them, whatever has become of their spaces and lines.

A message counts only with the header `DMA-API:`, and only where values stand in place of printk's conversions: a
source that holds the format is no warning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from dmafuzz import checks

HEADER = "DMA-API:"
UNKNOWN = "unknown"

_FIELD = re.compile(r"\[([a-z+ ]+?)(=| with | as )(0x%\w+|%\w+)[^\]]*\]")
_CONVERSION = re.compile(r"(?:0x)?%[0-9]*[hlz]*[a-z]+")
_WHO_CHARS_MAX = 200  # of driver and device
_VALUE_CHARS_MAX = 80
_MESSAGE_CHARS_MAX = 1200  # of a message with what stands in front
# Where a message has ended for sure.
_END = re.compile(r"------------\[|---\[|\bWARNING: |\bModules linked in|\bMapped at:|\bCall [Tt]race:|\bCPU: \d")
# What the names of types and directions may be: anything else is no value.
_WORDS = re.compile(r"single|page|scather-gather|scatter-gather|coherent|noncoherent|resource|phy|DMA_[A-Z_]+")
# A warning that the caller prints with its own line of WARN and nothing else.
RESOURCE_WARNING = re.compile(r"at kernel/dma/mapping\.c:\d+ dma_map_resource\+0x")
# Driver and device as words of the old header's line, which end in a colon.
_OLD_WHO = re.compile(r"(?:(\S+) )?(\S+):\s*$")
# Printed without driver and device, whatever stands in front.
_NAMELESS = ("line-overlap", "overlap>7", "line-enomem")


@dataclass(frozen=True)
class Found:
    """A message: the check ("unknown" for none that is known), driver and device ("" where not named), values by the
    names that the message has for them, and whether the header stood behind driver and device, as up to 4.18."""

    check: str
    driver: str
    device: str
    values: Mapping[str, str]
    old_header: bool
    message: str


@dataclass(frozen=True)
class _Form:
    """How one wording is found: its sentence, the names of the values in it, and the fields in brackets behind it."""

    check: str
    sentence: re.Pattern[str]
    in_sentence: tuple[str, ...]
    fields: Mapping[str, re.Pattern[str]]


def find(window: str) -> Found | None:
    """The message whose header stands in the first line of ``window``; the other lines are what follows in the log."""
    first = window.split("\n", 1)[0]
    at = first.find(HEADER)
    if at < 0:
        return None
    before, after = first[:at], window[at + len(HEADER) :][:_MESSAGE_CHARS_MAX]
    for cut in (after.find(HEADER), *(match.start() for match in [_END.search(after)] if match)):
        if cut >= 0:
            after = after[:cut]
    best: tuple[re.Match[str], _Form] | None = None
    for form in _forms():
        match = form.sentence.search(after)
        if match and match.start() <= _WHO_CHARS_MAX and (best is None or match.start() < best[0].start()):
            best = (match, form)
    if best is None:
        return _unknown(before, after)
    return _found(best[0], best[1], before, after)


def _found(match: re.Match[str], form: _Form, before: str, after: str) -> Found | None:
    values = dict(zip(form.in_sentence, match.groups(), strict=True))
    rest = after[match.end() :]
    for name, pattern in form.fields.items():
        if (field := pattern.search(rest)) and (value := _value(field.group(1))):
            values[name] = value
    if form.fields or form.in_sentence:
        if not values:
            return None
    elif before.rstrip().endswith(('"', "'", "`", "(")) or rest.lstrip().startswith(("\\n", '"')):
        return None
    driver, device, old = _who("" if form.check in _NAMELESS else before, after[: match.start()])
    if form.check == "free-invalid" and not device:
        return None
    return Found(form.check, driver, device, values, old, " ".join(match.group().split()))


def _unknown(before: str, after: str) -> Found | None:
    """A message about a driver that no version read so far has."""
    line = after.split("\n", 1)[0]
    match = re.match(r"\s*(\S.{0,80}?) (\S{1,60}): (device driver \S.*)", line)
    if match and not _CONVERSION.search(line):
        return Found(UNKNOWN, match.group(1), match.group(2), {}, False, match.group(3)[:200])
    old = _OLD_WHO.search(before)
    if old and line.strip().startswith("device driver ") and not _CONVERSION.search(line):
        return Found(UNKNOWN, old.group(1) or "", old.group(2), {}, True, line.strip()[:200])
    return None


def _who(before: str, between: str) -> tuple[str, str, bool]:
    """Driver, device, and whether they stood in front of the header."""
    words = between.replace("\n", " ").strip().rstrip(":").split()
    if words:
        return (" ".join(words[:-1]), words[-1], False) if len(words) > 1 else ("", words[0], False)
    old = _OLD_WHO.search(before)
    return (old.group(1) or "", old.group(2), True) if old else ("", "", False)


def _value(text: str) -> str:
    """A value without the ends of lines that have come into it; "" if it is none."""
    bare = "".join(text.split()).removesuffix("bytes")
    if re.fullmatch(r"(?:0x)?[0-9a-fA-F]+|-\d+|\(_*ptrval_*\)|\(null\)", bare) or _WORDS.fullmatch(bare):
        return bare
    return ""


@cache
def _forms() -> tuple[_Form, ...]:
    """One for each sentence, with the fields of all its versions."""
    forms: dict[tuple[str, str], _Form] = {}
    for check in checks.checks().values():
        for message in check.messages:
            if not message.text.startswith("WARNING:"):
                form = _form(check.id, " ".join(message.text.split()))
                key = (form.check, form.sentence.pattern)
                fields = {**forms[key].fields, **form.fields} if key in forms else form.fields
                forms[key] = replace(form, fields=fields)
    return tuple(forms.values())


def _form(check: str, text: str) -> _Form:
    fields = {}
    for name, joint, conversion in _FIELD.findall(text):
        del conversion
        fields[name + joint.rstrip("= ")] = re.compile(
            rf"\[{_loosely(name + joint)}\s*([^\[\]]{{1,{_VALUE_CHARS_MAX}}}?)\s*\]"
        )
    sentence = text[: text.index("[")] if "[" in text else text
    names = []
    pattern = ""
    end = 0
    for conversion in _CONVERSION.finditer(sentence):
        names.append(sentence[end : conversion.start()].split()[-1])
        pattern += _loosely(sentence[end : conversion.start()]) + r"((?:0x)?[0-9a-f]+)"
        end = conversion.end()
    pattern += _loosely(sentence[end:].rstrip())
    return _Form(check, re.compile(pattern), tuple(names), fields)


def _loosely(text: str) -> str:
    """A pattern for the text that bears an end of line anywhere."""
    spaced = [r"[ \n]+" if letter == " " else re.escape(letter) for letter in text]
    joined = r"\n?".join(spaced)
    return joined.replace(r"\n?[ \n]+", r"[ \n]+").replace(r"[ \n]+\n?", r"[ \n]+")
