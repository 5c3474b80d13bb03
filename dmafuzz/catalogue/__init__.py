# SPDX-License-Identifier: GPL-2.0-only
"""Catalogues: all causes up to some length, in topics, each with its minimal program."""

from .catalogue import Catalogue, Entry, make
from .proof import Proof, proof_for

__all__ = ["Catalogue", "Entry", "Proof", "make", "proof_for"]
