"""Verdicts: a tracker's warnings on a program held against what can go wrong on a platform."""

from .eras import Builtin, builtins
from .errors import VerdictError
from .expectations import Difference, check
from .judgement import Breach, Corruption, Harm, Judgement, Step, Warning
from .judging import Judging, Minimised, judge, judging
from .layout import Line, Tone
from .record import SCHEMA, to_json
from .story import story
from .trackers import DEFAULT_TRACKER, Tracker, default_portfolio, resolve
from .trackers import names as tracker_names

__all__ = [
    "DEFAULT_TRACKER",
    "SCHEMA",
    "Breach",
    "Builtin",
    "Corruption",
    "Difference",
    "Harm",
    "Judgement",
    "Judging",
    "Line",
    "Minimised",
    "Step",
    "Tone",
    "Tracker",
    "VerdictError",
    "Warning",
    "builtins",
    "check",
    "default_portfolio",
    "judge",
    "judging",
    "resolve",
    "story",
    "to_json",
    "tracker_names",
]
