"""Verdicts: a tracker's warnings on a program held against what can go wrong on a platform."""

from .errors import ExpectError, VerdictError
from .expectations import Difference, check
from .judgement import Breach, Corruption, Harm, Judgement, Step, Warning
from .judging import Judge, Judging, Minimised, judge, judging
from .layout import Line, Tone
from .record import SCHEMA, to_json
from .story import story

__all__ = [
    "SCHEMA",
    "Breach",
    "Corruption",
    "Difference",
    "ExpectError",
    "Harm",
    "Judge",
    "Judgement",
    "Judging",
    "Line",
    "Minimised",
    "Step",
    "Tone",
    "VerdictError",
    "Warning",
    "check",
    "judge",
    "judging",
    "story",
    "to_json",
]
