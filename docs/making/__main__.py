# SPDX-License-Identifier: GPL-2.0-only
"""Writes anew what of the documents is made by a program: `python -m making` in docs/."""

from __future__ import annotations

from . import commands, tower

for file, text in {**tower.made(), **commands.made()}.items():
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
