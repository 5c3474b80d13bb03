# SPDX-License-Identifier: GPL-2.0-only
"""Platform files: found by name or path, merged with what they extend, checked."""

import functools
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dmafuzz.platforms import errors
from dmafuzz.platforms.errors import PlatformError
from dmafuzz.platforms.model import Checked, PlatformFile
from dmafuzz.storage import UnreadableError, read_small

FOLDER = Path(__file__).parent
_FILE_BYTES_MAX = 1 << 20
PORTFOLIOS = FOLDER / "portfolios.toml"

Table = dict[str, Any]

# What a file says of itself and cannot take from another one.
OWN_FIELDS = ("title", "kernels", "source")


def names() -> list[str]:
    """The names of all platforms that come with dmafuzz, sorted."""
    return list(_names())


@functools.cache
def _names() -> tuple[str, ...]:
    """Looked up once in a process: every platform that is loaded asks for them."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if path != PORTFOLIOS))


def load(name_or_path: str | Path) -> PlatformFile:
    """Load one platform: by its name, or from a file of one's own.

    A string is a path if it ends in `.toml`. Raises PlatformError if the name is unknown, or the file cannot be
    read, is not TOML, or breaks a rule of `dmafuzz.platforms.model`.
    """
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix == ".toml":
        return _load_file(path)
    known = names()
    if name_or_path not in known:
        raise PlatformError(
            f"no platform is named {name_or_path!r} ({errors.nearest(name_or_path, known, 'platforms')})"
        )
    return _shipped(FOLDER / f"{name_or_path}.toml")


@functools.cache
def _shipped(path: Path) -> PlatformFile:
    """A file that comes with dmafuzz is read once in a process: portfolios and eras ask for the same ones often."""
    return _load_file(path)


@functools.cache
def shipped_table(path: Path) -> Table:
    """The table of a file that comes with dmafuzz, read once in a process and not to be changed."""
    return read_table(path)


def read_table(path: Path) -> Table:
    """A TOML file as it stands. Raises PlatformError if it cannot be read or is not TOML."""
    try:
        return tomllib.loads(read_small(path, _FILE_BYTES_MAX).decode("utf-8"))
    except UnreadableError as error:
        raise PlatformError(str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlatformError(f"{path}: is not TOML: {error}") from error


def _load_file(path: Path) -> PlatformFile:
    table = read_table(path)
    if "name" in table:
        raise PlatformError(errors.message(path, "name", "an unknown field", "none: the file's name is the platform's"))
    if "extends" in table:
        table = _merged(_base(path, table.pop("extends")), table)
    try:
        return Checked.model_validate({**table, "name": path.stem})
    except ValidationError as error:
        raise errors.from_validation(error, path, Checked) from error


def _base(path: Path, name: object) -> Table:
    """The table of the platform that the file extends, without what it says of itself."""
    known = names()
    if not isinstance(name, str) or name not in known:
        expected = f"the name of a platform ({errors.nearest(str(name), known, 'platforms')})"
        raise PlatformError(errors.message(path, "extends", repr(name), expected))
    base = shipped_table(FOLDER / f"{name}.toml")
    # One step only: a reader of a machine has at most two files to read.
    if "extends" in base:
        expected = f"a platform that extends none (it extends {base['extends']!r})"
        raise PlatformError(errors.message(path, "extends", repr(name), expected))
    return {key: value for key, value in base.items() if key not in OWN_FIELDS}


def _merged(base: Table, changes: Table) -> Table:
    """`base` with single fields of its sections replaced by those in `changes`."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
