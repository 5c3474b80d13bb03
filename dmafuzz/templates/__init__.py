# SPDX-License-Identifier: GPL-2.0-only
"""Pages are made of templates: what is filled in is escaped, and what is missing is an error."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(package: str, name: str) -> Template:
    """A file of the folder `templates` of a package."""
    return _environment(package).get_template(name)


@cache
def _environment(package: str) -> Environment:
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
