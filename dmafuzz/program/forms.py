# SPDX-License-Identifier: GPL-2.0-only
"""The form of a line, for each kind of operation.

Which fields an operation has is the core's to say (traits, clear_unused); here is only the order in which a line
shows them.
"""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz._core import BufferKind, Direction, Entry, Op, OpKind, clear_unused, traits


@dataclass(frozen=True)
class Argument:
    """``name=value``: the field it is stored in, its codec in fields.py, and the field that says it is there.

    ``given`` is None where the value zero means that it is not there.
    """

    name: str
    field: str
    codec: str
    given: str | None


@dataclass(frozen=True)
class Form:
    """What a line holds, in the order of printing.

    ``results`` stand left of ``=``, ``places`` behind the operation's word, by the names of the Op's fields
    (``entries`` takes any number of words). ``optional`` places may be left out at the end of a line and are zero then.
    """

    word: str
    results: tuple[str, ...]
    places: tuple[str, ...]
    arguments: tuple[Argument, ...]
    flags: tuple[str, ...]
    optional: tuple[str, ...]


_DEVICE_PREFIX = "device_"  # `device m0 write 0 16` is the kind device_write

_ARGUMENTS = (
    Argument("list", "list", "list", "reuse_list"),
    Argument("offset", "offset", "offset", None),
    Argument("size", "size", "size", "given_size"),
    Argument("nents", "count", "nents", "given_count"),
    Argument("dir", "direction", "direction", "given_direction"),
    Argument("dev", "device", "device", "given_device"),
    Argument("attrs", "attrs", "attrs", "given_attrs"),
    Argument("cpu_offset", "cpu_offset", "cpu_offset", None),
)
_FLAGS = ("high", "private", "unchecked", "split")


def is_device_access(kind: OpKind) -> bool:
    """Whether a device does it, so that the line names no CPU."""
    return kind.name.startswith(_DEVICE_PREFIX)


def _kept(kind: OpKind) -> set[str]:
    """The fields that count for a kind: what clear_unused leaves of an operation that has them all."""
    full = Op()
    full.kind = kind
    for flag in (*_FLAGS, *(argument.given for argument in _ARGUMENTS if argument.given)):
        setattr(full, flag, True)
    for number in ("device", "buffer", "mapping", "attrs", "count", "list", "offset", "size", "cpu_offset"):
        setattr(full, number, 1)
    full.direction = Direction.to_device
    full.buffer_kind = BufferKind.kmalloc
    full.entries = [Entry(0, 0, 1)]
    with_list = clear_unused(full)
    full.reuse_list = False
    with_entries = clear_unused(full)
    fields = {
        *_FLAGS,
        *(argument.given for argument in _ARGUMENTS if argument.given),
        *(argument.field for argument in _ARGUMENTS),
        "buffer",
        "mapping",
    }
    absent = Op()
    kept = {field for field in fields if getattr(with_list, field) != getattr(absent, field)}
    if with_entries.entries:
        kept.add("entries")
    if with_entries.buffer_kind == full.buffer_kind:
        kept.add("buffer_kind")
    return kept


def _form(kind: OpKind) -> Form:
    says = traits(kind)
    kept = _kept(kind)
    results = [field for field in ("buffer", "mapping") if getattr(says, f"defines_{field}")]
    places = [field for field in ("device", "buffer", "mapping") if getattr(says, f"names_{field}")]
    if "buffer_kind" in kept:
        places.append("buffer_kind")
    # A call on a mapping starts from what was mapped: what it says besides are arguments replaced by name.
    replaces = says.is_call and says.names_mapping
    if not replaces:
        places += [field for field in ("offset", "size", "direction", "entries") if field in kept]
    arguments = [_argument(argument, kept) for argument in _ARGUMENTS if _takes(argument, kept, replaces)]
    flags = [flag for flag in _FLAGS if flag in kept]
    word = kind.name.removeprefix(_DEVICE_PREFIX)
    optional = ("offset",) if "offset" in places and "size" not in places else ()
    return Form(word, tuple(results), tuple(places), tuple(arguments), tuple(flags), optional)


def _takes(argument: Argument, kept: set[str], replaces: bool) -> bool:
    if argument.name == "list":
        return "reuse_list" in kept
    if argument.name == "attrs":
        return "attrs" in kept
    return replaces and (argument.given or argument.field) in kept


def _argument(argument: Argument, kept: set[str]) -> Argument:
    given = argument.given if argument.given in kept else None
    return Argument(argument.name, argument.field, argument.codec, given)


FORMS: dict[OpKind, Form] = {kind: _form(kind) for kind in OpKind}
CPU_OPERATIONS: dict[str, OpKind] = {FORMS[kind].word: kind for kind in OpKind if not is_device_access(kind)}
DEVICE_OPERATIONS: dict[str, OpKind] = {FORMS[kind].word: kind for kind in OpKind if is_device_access(kind)}
