# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts: a tracker's warnings on a program held against what can go wrong on a platform."""

from .errors import ExpectError, VerdictError
from .expectations import Difference, check
from .judgement import Breach, Corruption, Harm, Judgement, Step, Warning
from .judging import Judge, Judging, Minimised, judge, judging

__all__ = [
    "Breach",
    "Corruption",
    "Difference",
    "ExpectError",
    "Harm",
    "Judge",
    "Judgement",
    "Judging",
    "Minimised",
    "Step",
    "VerdictError",
    "Warning",
    "check",
    "judge",
    "judging",
]
