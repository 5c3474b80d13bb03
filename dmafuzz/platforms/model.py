# SPDX-License-Identifier: GPL-2.0-only
"""What a platform file may say. Fields, values and meaning are rows of the core's table (core/platform/fields.hpp).

Every model forbids unknown fields and converts nothing: a misspelt field or a quoted number in a user's own machine
must not silently become a default.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model, field_validator, model_validator
from pydantic_core import PydanticCustomError

from dmafuzz import _core
from dmafuzz._core import PlatformField
from dmafuzz.platforms.kernels import RANGE_PATTERN, Kernel, KernelRange

Text = Annotated[str, StringConstraints(min_length=1)]

# By the values of enum dma_data_direction.
_DIRECTIONS = ("bidirectional", "to_device", "from_device")
_MUST = "!"  # before the values of a field that has to be given
_CAN_BE_LEFT_OUT = "maintenance"  # a section, though its fields have to be given: there is none for coherent devices


class FieldError(PydanticCustomError):
    """A rule of this file is broken. Names the field to change, inside the section or field that was checked."""

    def __new__(cls, field: str, found: object, expected: str) -> Self:
        return super().__new__(cls, "broken_rule", "{expected}", {"field": field, "found": found, "expected": expected})


class Section(BaseModel):
    """Common settings of all sections: unknown fields are errors, nothing is converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PlatformFile(Section):
    """One machine and its kernel, as a platform file describes it: what the file says of itself, and the facts."""

    name: Text
    """The file's name without `.toml`; the file itself does not give it."""
    title: Text
    kernels: str
    """Which kernels behave like this: "5.19 to 6.4", "6.5 to today"."""
    source: Text
    """Where the facts come from."""

    def runs(self, kernel: str) -> bool:
        """Whether the machine exists with this kernel version, such as "6.12"."""
        return Kernel.parse(kernel) in KernelRange.parse(self.kernels)

    @cached_property
    def core(self) -> _core.Platform:
        """The facts, as the core has them; not to be changed."""
        return self.to_core()

    def to_core(self) -> _core.Platform:
        """The facts, as the core has them; a new one, which may be changed."""
        record = _core.Platform()
        record.name = self.name
        for row in _core.PLATFORM_FIELDS:
            section, key = row.key.split(".")
            if section in self.model_fields_set:
                setattr(record, row.attribute, _value(row, getattr(getattr(self, section), key)))
        record.devices = [_device(given) for given in self._devices()]
        return record

    def _devices(self) -> list[dict[str, Any]]:
        """d0 to d3: what is given for each, by itself or by `default`."""
        if "device" not in self.model_fields_set:
            return [{}] * _core.DEVICES_MAX
        said = getattr(self, "device").model_dump(exclude_unset=True)  # noqa: B009 - of the model made below
        return [{**said.get("default", {}), **said.get(f"d{number}", {})} for number in range(_core.DEVICES_MAX)]

    @field_validator("kernels")
    @classmethod
    def _kernels_are_a_range(cls, text: str) -> str:
        if not re.fullmatch(RANGE_PATTERN, text):
            raise FieldError("", text, 'a range such as "5.19 to 6.4" or "6.5 to today"')
        if KernelRange.parse(text).empty:
            raise FieldError("", text, "the older kernel first")
        return text

    @model_validator(mode="after")
    def _slots_need_a_pool(self) -> Self:
        if self.core.bounce_slots and not self.core.bounce_pool:
            raise FieldError("bounce.slots", self.core.bounce_slots, "0, since bounce.pool is false")
        return self

    @model_validator(mode="after")
    def _non_coherent_devices_need_maintenance(self) -> Self:
        # A machine whose kernel does nothing can be written, but only on purpose.
        incoherent = [f"d{number}" for number, device in enumerate(self.core.devices) if not device.coherent]
        if incoherent and "maintenance" not in self.model_fields_set:
            raise FieldError("maintenance", None, f"this section, since {', '.join(incoherent)} are not coherent")
        return self


class DeviceSection(Section):
    """One device."""

    @model_validator(mode="after")
    def _boundary_is_a_mask(self) -> Self:
        mask: int = self.model_dump()["segment_boundary"]
        if mask & (mask + 1):
            raise FieldError("segment_boundary", mask, "a mask, that is a power of two minus one")
        return self


def _literal(names: Iterable[object]) -> Any:
    return Literal[tuple(names)]


def _annotation(row: PlatformField) -> Any:
    """What a file may give for a field."""
    values = row.values.removeprefix(_MUST)
    if isinstance(row.value, enum.Enum):
        return _literal(member.name for member in type(row.value))
    if isinstance(row.value, list):  # of cache maintenance, by direction
        name = _literal(member.name for member in _core.Maintenance)
        directions: dict[str, Any] = dict.fromkeys(_DIRECTIONS, (name, "none"))
        return create_model(row.attribute, __base__=Section, **directions)
    if " to " in values:
        low, high = (int(end, 0) for end in values.split(" to "))
        return Annotated[int, Field(ge=low, le=high)]
    return _literal(int(value) for value in values.split()) if values else type(row.value)


def _plain(value: Any) -> Any:
    """A value of the core, as a file has it."""
    return value.name if isinstance(value, enum.Enum) else value


def _section(name: str, rows: Iterable[PlatformField], base: type[Section] = Section) -> type[Section]:
    fields: dict[str, Any] = {}
    for row in rows:
        default = ... if row.values.startswith(_MUST) else _plain(row.value)
        fields[row.key.rsplit(".", 1)[-1]] = (_annotation(row), default)
    return create_model(name, __base__=base, **fields)


def _sections() -> dict[str, Any]:
    """By name: the model of each section, and whether it has to be there."""
    rows: dict[str, list[PlatformField]] = {}
    for row in _core.PLATFORM_FIELDS:
        rows.setdefault(row.key.split(".")[0], []).append(row)
    out: dict[str, Any] = {}
    for name, fields in rows.items():
        must = name != _CAN_BE_LEFT_OUT and any(row.values.startswith(_MUST) for row in fields)
        out[name] = (_section(name, fields), ... if must else None)
    device = _section("device", _core.DEVICE_FIELDS, DeviceSection)
    names = ("default", *(f"d{number}" for number in range(_core.DEVICES_MAX)))
    devices: dict[str, Any] = dict.fromkeys(names, (device, None))
    out["device"] = (create_model("devices", __base__=Section, **devices), None)
    return out


Checked: type[PlatformFile] = create_model("PlatformFile", __base__=PlatformFile, **_sections())
"""What a file is checked by: a PlatformFile with all sections."""


def _value(row: PlatformField, value: Any) -> Any:
    """What a file gives for a field, as the core has it."""
    if isinstance(row.value, enum.Enum):
        return type(row.value)[value]
    if isinstance(row.value, list):
        return [_core.Maintenance[getattr(value, direction)] for direction in _DIRECTIONS]
    return value


def _device(given: dict[str, Any]) -> _core.Device:
    record = _core.Device()
    for row in _core.DEVICE_FIELDS:
        if row.key in given:
            setattr(record, row.attribute, _value(row, given[row.key]))
    return record
