# SPDX-License-Identifier: GPL-2.0-only
"""Values of the core, attribute by attribute."""

from __future__ import annotations

from typing import Any


def attributes(value: object) -> dict[str, Any]:
    """By name: those of a value that the core hands out."""
    names = [name for name, kept in vars(type(value)).items() if isinstance(kept, property)]
    return {name: getattr(value, name) for name in names}
