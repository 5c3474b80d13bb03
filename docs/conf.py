# SPDX-License-Identifier: GPL-2.0-only
"""The site: `sphinx-build -W -n -b html docs build/site` (pip install '.[docs]')."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Text

sys.path.insert(0, str(Path(__file__).parent))

from making.language import OPERATION_WORDS

project = "dmafuzz"
extensions = ["myst_parser"]
exclude_patterns = ["making"]
nitpicky = True
myst_heading_anchors = 4

# Nothing is asked of another host: the theme's fonts are the reader's own, and the search runs in the page.
html_theme = "alabaster"
html_theme_options = {
    "description": "Linux's DMA API checker, judged by machine",
    "fixed_sidebar": True,
    "page_width": "72rem",
    "sidebar_width": "15rem",
}
html_show_sourcelink = False
html_copy_source = False


class DmaLexer(RegexLexer):  # type: ignore[misc]
    """Colours for programs."""

    name = "dmafuzz program"
    aliases = ("dma",)
    tokens = {  # noqa: RUF012 (the form that Pygments asks for)
        "root": [
            (r"#.*$", Comment),
            (r"^(dmafuzz|expect)\b", Keyword.Namespace),
            (r"\b(cpu\d|device|d\d)\b", Name.Namespace),
            (r"\b[bm]\d+\b", Name.Variable),
            (words(OPERATION_WORDS, prefix=r"\b", suffix=r"\b"), Keyword),
            (r"\b(TO_DEVICE|FROM_DEVICE|BIDIRECTIONAL)\b", Name.Constant),
            (r"\b([a-z_]+)(=)", bygroups(Name.Attribute, Operator)),
            (r"\b(0x[0-9a-fA-F]+|\d+K?)\b", Number),
            (r"[\s\S]", Text),
        ]
    }


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.add_lexer("dma", DmaLexer)
