# SPDX-License-Identifier: GPL-2.0-only
"""Portfolios: the platforms that one kernel version could run on (portfolios.toml)."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from dmafuzz.platforms import errors
from dmafuzz.platforms.errors import PlatformError
from dmafuzz.platforms.kernels import VERSION_PATTERN
from dmafuzz.platforms.load import PORTFOLIOS, Table, load, names, read_table, shipped_table
from dmafuzz.platforms.model import PlatformFile, Section, Text

# Stands for every platform that there is, so that a new file cannot be forgotten in the portfolio of all.
EVERY_PLATFORM = "*"


class Portfolio(Section):
    """One portfolio, as the file describes it."""

    title: Text
    kernel: Annotated[str, StringConstraints(pattern=f"^{VERSION_PATTERN}$")] | None = None
    """The kernel version; every member must exist with it. None: any."""
    members: Annotated[list[Text], Field(min_length=1)]
    """Names of platforms, or "*" alone for every one. The order is that of reports."""


def portfolio_names(file: Path = PORTFOLIOS) -> list[str]:
    """The names of all portfolios, in the order of the file."""
    return list(shipped_table(file) if file == PORTFOLIOS else read_table(file))


def portfolio(name: str, file: Path = PORTFOLIOS) -> list[PlatformFile]:
    """Load the platforms of one portfolio, in its order: by its name, or from a file of one's own.

    A name is a path if it ends in `.toml`. Such a file is one portfolio: title, kernel, members.

    Raises PlatformError if there is no such portfolio, or one of its members does not exist, cannot be loaded, is
    named twice, or does not exist with the portfolio's kernel.
    """
    if name.endswith(".toml"):
        return _checked(Path(name), "", read_table(Path(name)))
    table = shipped_table(file) if file == PORTFOLIOS else read_table(file)
    if name not in table:
        raise PlatformError(f"{file}: no portfolio is named {name!r} ({errors.nearest(name, table)})")
    # The portfolio's name is part of the field's place in the file.
    return _checked(file, f'"{name}"', table[name])


def _checked(file: Path, within: str, table: Table) -> list[PlatformFile]:
    try:
        entry = Portfolio.model_validate(table)
    except ValidationError as error:
        raise errors.from_validation(error, file, Portfolio, within=within) from error
    if entry.members == [EVERY_PLATFORM]:
        return [load(member) for member in names()]
    return [_member(file, within, entry, position) for position in range(len(entry.members))]


def _member(file: Path, within: str, entry: Portfolio, position: int) -> PlatformFile:
    member = entry.members[position]
    field = f"{within}.members[{position}]".strip(".")
    known = names()
    if member not in known:
        expected = f"the name of a platform ({errors.nearest(member, known, 'platforms')})"
        raise PlatformError(errors.message(file, field, repr(member), expected))
    if member in entry.members[:position]:
        raise PlatformError(errors.message(file, field, repr(member), "each member once"))
    platform = load(member)
    if entry.kernel is not None and not platform.runs(entry.kernel):
        found = f"{member!r}, which is of kernels {platform.kernels}"
        raise PlatformError(errors.message(file, field, found, f"a platform of kernel {entry.kernel}"))
    return platform
