# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts: a tracker's warnings on a program compared with what can go wrong on a platform."""

from dmafuzz._core import Breach, Corruption, Harm, Warning, WitnessStep

from .errors import ExpectError, VerdictError
from .expectations import Difference, check, prepare
from .judgement import Judgement
from .judging import Judge, Judging, Minimized, judge, judging

__all__ = [
    "Breach",
    "Corruption",
    "Difference",
    "ExpectError",
    "Harm",
    "Judge",
    "Judgement",
    "Judging",
    "Minimized",
    "VerdictError",
    "Warning",
    "WitnessStep",
    "check",
    "judge",
    "judging",
    "prepare",
]
