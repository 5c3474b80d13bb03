# SPDX-License-Identifier: GPL-2.0-only
"""Traces of the DMA API's trace events: read, turned into programs, judged; printed for programs; and recorded."""

from .as_json import to_json
from .counts import Counts
from .document import document, timeline
from .errors import TraceError
from .importing import Imported, frequencies, imported, names_of
from .judging import Judged, judged
from .parse import events
from .printing import FORMATS, Printed, events_of, lines_of
from .recording import Recorded, invoking_user, record
from .source import lines
from .splats import splat_lines
from .tracefs import Instance, remove_left
from .tracefs import find as find_tracefs
from .verdict import Bench

__all__ = [
    "FORMATS",
    "Bench",
    "Counts",
    "Imported",
    "Instance",
    "Judged",
    "Printed",
    "Recorded",
    "TraceError",
    "document",
    "events",
    "events_of",
    "find_tracefs",
    "frequencies",
    "imported",
    "invoking_user",
    "judged",
    "lines",
    "lines_of",
    "names_of",
    "record",
    "remove_left",
    "splat_lines",
    "timeline",
    "to_json",
]
