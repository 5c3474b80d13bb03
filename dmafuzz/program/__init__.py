# SPDX-License-Identifier: GPL-2.0-only
"""Programs of DMA API calls: their text, their bytes, their names."""

from .comments import Comments, Remark
from .errors import ProgramError
from .expect import Expect
from .files import read, write
from .naming import canonical, content_hash
from .operation import render_op
from .parse import parse
from .program import Program
from .render import render

__all__ = [
    "Comments",
    "Expect",
    "Program",
    "ProgramError",
    "Remark",
    "canonical",
    "content_hash",
    "parse",
    "read",
    "render",
    "render_op",
    "write",
]
