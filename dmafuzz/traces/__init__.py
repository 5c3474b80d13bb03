# SPDX-License-Identifier: GPL-2.0-only
"""Traces of the DMA API's trace events: read, turned into programs, judged; printed for programs; and recorded."""

from .counts import Counts
from .document import document
from .errors import TraceError
from .importing import Imported, frequencies, imported, names_of
from .judging import Judged, judged
from .parse import events
from .printing import FORMATS, events_of, lines_of
from .record import to_json
from .source import lines
from .splats import splat_lines
from .verdict import Bench

__all__ = [
    "FORMATS",
    "Bench",
    "Counts",
    "Imported",
    "Judged",
    "TraceError",
    "document",
    "events",
    "events_of",
    "frequencies",
    "imported",
    "judged",
    "lines",
    "lines_of",
    "names_of",
    "splat_lines",
    "to_json",
]
