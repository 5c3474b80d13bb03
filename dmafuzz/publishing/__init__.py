# SPDX-License-Identifier: GPL-2.0-only
"""What is published of findings: pages, Markdown, SARIF, JUnit and KTAP, all of one model of their content.

A renderer sees the content (`content.py`) and nothing else; what machines do is the core's.
"""

from .content import Block, Finding, Run, Timeline
from .finding import Known, finding_of
from .html import blocks_page, finding_page, run_page, write_pages
from .run import run_of

__all__ = [
    "Block",
    "Finding",
    "Known",
    "Run",
    "Timeline",
    "blocks_page",
    "finding_of",
    "finding_page",
    "run_of",
    "run_page",
    "write_pages",
]
