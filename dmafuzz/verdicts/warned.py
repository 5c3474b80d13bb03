"""What a warning is about: the entry that it was held against, and the cache line."""

from __future__ import annotations

from collections.abc import Sequence

from dmafuzz.program import render_op

from .judgement import Judgement, Warning

NOT_COUNTED = "printed, but not counted as an error"
_WHOSE = {"stale-mapping": "the entry, which is stale,"}
_LINE_SIZES = {4096: "page"}


def about_warning(name: str, op: int, judgements: Sequence[Judgement]) -> str:
    """The sentence about a warning of that id and operation, "" if there is nothing to say.

    Addresses differ between platforms: they are named where all that warn agree.
    """
    found = [(j, w) for j in judgements for w in j.warnings if (w.id, w.op) == (name, op)]
    said = {_about(judgement, warning) for judgement, warning in found}
    if len(said) > 1:
        said = {_about(judgement, warning, address=False) for judgement, warning in found}
    return said.pop() if len(said) == 1 else ""


def _about(judgement: Judgement, warning: Warning, address: bool = True) -> str:
    parts = []
    if warning.entry_op is not None:
        whose = _WHOSE.get(warning.reason or "", "the entry")
        parts.append(f"held against {whose} of op {warning.entry_op}, {render_op(judgement.ops[warning.entry_op])}")
    if warning.line is not None:
        place = _LINE_SIZES.get(warning.line_size, f"line of {warning.line_size} bytes")
        parts.append(f"in the {place}{f' at 0x{warning.line:x}' if address else ''}")
    if not warning.counted:
        parts.append(NOT_COUNTED)
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""
