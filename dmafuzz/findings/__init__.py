# SPDX-License-Identifier: GPL-2.0-only
"""Findings: programs on which tracker and simulator disagree, minimized, one file for each cause."""

from dmafuzz.findings.finding import Finding, RawFinding
from dmafuzz.findings.replay import Replaying
from dmafuzz.findings.replay_server import ReplayServer

__all__ = ["Finding", "RawFinding", "ReplayServer", "Replaying"]
