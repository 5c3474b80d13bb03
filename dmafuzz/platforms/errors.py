# SPDX-License-Identifier: GPL-2.0-only
"""The one exception of this package, and how a failed check becomes its message."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError


class PlatformError(Exception):
    """A platform or portfolio cannot be used. The message says file, field, what was found and what was expected."""


def nearest(name: str, known: Iterable[str], listed: str = "") -> str:
    """The known names nearest to `name`, as the end of a message. Where none is near, all of them, or what lists
    them (`dmafuzz list ...`)."""
    candidates = sorted(known)
    close = difflib.get_close_matches(name, candidates, n=5, cutoff=0.5)
    if close:
        return f"nearest: {', '.join(close)}"
    return f"`dmafuzz list {listed}` has them all" if listed else f"known: {', '.join(candidates)}"


def message(file: Path, field: str, found: str, expected: str) -> str:
    """One complaint, in the form that all of them have."""
    return f"{file}: {field}: found {found}, expected {expected}"


def from_validation(error: ValidationError, file: Path, model: type[BaseModel], within: str = "") -> PlatformError:
    """All complaints of a failed check against `model`, one in a line. `within`: the table of the file checked."""
    complaints = []
    for details in error.errors(include_url=False):
        field, found, expected = _complaint(details, model)
        complaints.append(message(file, f"{within}.{field}".strip("."), found, expected))
    return PlatformError("\n".join(complaints))


def _complaint(details: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str, str]:
    """Field, what was found, what was expected."""
    location: Sequence[int | str] = details["loc"]
    kind = details["type"]
    if kind == "broken_rule":
        context = details["ctx"]
        found = "nothing" if context["found"] is None else repr(context["found"])
        return dotted((*location, context["field"])), found, context["expected"]
    if kind == "extra_forbidden":
        known = _fields_of(model, location[:-1])
        return dotted(location), "an unknown field", f"a known one ({nearest(str(location[-1]), known)})"
    if kind == "missing":
        return dotted(location), "nothing", "a value"
    expected = str(details["msg"]).removeprefix("Input should be ").removeprefix("String should ")
    return dotted(location), repr(details["input"]), expected


def dotted(location: Sequence[int | str]) -> str:
    """A field's place in its file: `maintenance.for_cpu.to_device`, `members[3]`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.strip(".")


def _fields_of(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The fields that the section at `location` may have."""
    for part in location:
        section = model.model_fields[str(part)].annotation
        assert isinstance(section, type), f"{part} is no section of {model}"
        assert issubclass(section, BaseModel), f"{part} is no section of {model}"
        model = section
    return sorted(model.model_fields)
