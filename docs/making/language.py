# SPDX-License-Identifier: GPL-2.0-only
"""The syntax of each operation, as the parser has it; docs/reference/language.md is held against it."""

from __future__ import annotations

from dmafuzz.program.forms import CPU_OPERATIONS, DEVICE_OPERATIONS, FORMS, Form
from dmafuzz.program.operation import DEVICE

OPERATION_WORDS = sorted({*CPU_OPERATIONS, *DEVICE_OPERATIONS})

_PLACES = {
    "device": "dN",
    "buffer": "bN",
    "mapping": "mN",
    "buffer_kind": "KIND",
    "offset": "OFFSET",
    "size": "SIZE",
    "direction": "DIR",
    "entries": "bN:OFFSET:SIZE...",
}


def signatures() -> list[str]:
    """A line for each operation: what it must have, then in brackets what it may have."""
    of_cpus = [f"cpuN {_signature(FORMS[kind], FORMS[kind].places)}" for kind in CPU_OPERATIONS.values()]
    of_devices = []
    for kind in DEVICE_OPERATIONS.values():
        mapping, *rest = FORMS[kind].places
        of_devices.append(f"{DEVICE} {_PLACES[mapping]} {_signature(FORMS[kind], tuple(rest))}")
    return of_cpus + of_devices


def _signature(form: Form, places: tuple[str, ...]) -> str:
    words = [*(_PLACES[result] for result in form.results), "="] if form.results else []
    words.append(form.word)
    words += [f"[{_PLACES[place]}]" if place in form.optional else _PLACES[place] for place in places]
    words += [f"[{argument.name}=]" for argument in form.arguments]
    words += [f"[{flag}]" for flag in form.flags]
    return " ".join(words)
