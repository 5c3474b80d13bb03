# SPDX-License-Identifier: GPL-2.0-only
"""Catalogues: all causes up to some length, in families, each with its minimal program."""

from .catalogue import Catalogue, Entry, make
from .families import Family
from .proof import Proof, proof_for

__all__ = ["Catalogue", "Entry", "Family", "Proof", "make", "proof_for"]
