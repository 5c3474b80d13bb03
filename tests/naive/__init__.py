# SPDX-License-Identifier: GPL-2.0-only
"""A second, naive simulator of DMA programs, written from the specification alone.

It lists explicit joint states of a cacheline with everything that concerns it, and shares no code with the
core; tests compare the two.
"""

from .inputs import Outcome, TooLarge
from .project import joined
from .simulate import simulate

__all__ = ["Outcome", "TooLarge", "joined", "simulate"]
