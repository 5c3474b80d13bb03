# SPDX-License-Identifier: GPL-2.0-only
"""What is said of a confirmed finding besides its verdict: whether a smaller program exists.

It follows from the finding's cause alone, whichever worker reported it first.
"""

from __future__ import annotations

from dmafuzz import platforms
from dmafuzz.catalogue import Proof, proof_for
from dmafuzz.catalogue.proof import QUICK_OPS
from dmafuzz.exhaustive import SearchPlan, Signature
from dmafuzz.findings import Finding
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.trackers import KERNEL


class Annotator:
    """Of one campaign's findings."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._members = tuple(platforms.load(name) for name in plan.platforms)
        self._proof: Proof | None = None

    def annotated(self, finding: Finding) -> Finding:
        """The finding with its `minimal`."""
        signatures = [Signature(finding.label, kind, finding.rules, finding.reason) for kind in finding.kinds]
        return finding.with_minimal(self._minimal(signatures, finding))

    def _minimal(self, signatures: list[Signature], finding: Finding) -> str | None:
        """None for single platforms, or a tracker that the search cannot look into.

        Proved where it is for one of the kinds: a smaller program of that cause would show all of them.
        """
        if self._plan.portfolio is None or self._plan.core_tracker.startswith(KERNEL):
            return None
        if self._proof is None:
            plan = self._plan
            self._proof = proof_for(
                SearchPlan(plan.tracker, plan.core_tracker, self._plan.portfolio, self._members, QUICK_OPS)
            )
        stamps = {self._proof.stamp(signature, finding.ops) for signature in signatures}
        return max(stamps, key=lambda stamp: stamp.startswith("proved"))
