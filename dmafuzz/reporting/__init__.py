# SPDX-License-Identifier: GPL-2.0-only
"""For people and their programs: stories, tables, Markdown and JSON of what the rooms below have found.

Nothing here judges, counts or decides; it says what it is given.
"""

from .behaviour_json import judgements_in_full
from .exploration import exploration_lines
from .exploration_json import exploration_to_json
from .judgement_json import SCHEMA, judgement_to_json
from .layout import Line, Tone
from .story import story

__all__ = [
    "SCHEMA",
    "Line",
    "Tone",
    "exploration_lines",
    "exploration_to_json",
    "judgement_to_json",
    "judgements_in_full",
    "story",
]
