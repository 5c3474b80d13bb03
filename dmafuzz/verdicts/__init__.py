"""Verdicts: a tracker's warnings on a program held against what can go wrong on a platform."""

from dmafuzz._core import Breach, Corruption, Harm, Warning, WitnessStep

from .errors import ExpectError, VerdictError
from .expectations import Difference, check
from .judgement import Judgement
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
    "Tone",
    "VerdictError",
    "Warning",
    "WitnessStep",
    "check",
    "judge",
    "judging",
    "story",
    "to_json",
]
