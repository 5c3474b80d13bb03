"""What is said of a confirmed finding besides its verdict: whether a smaller program exists, and its family."""

from __future__ import annotations

from dataclasses import replace

from dmafuzz import platforms
from dmafuzz.catalogue import Proof, proof_for
from dmafuzz.catalogue.families import Families
from dmafuzz.catalogue.proof import QUICK_OPS
from dmafuzz.exhaustive import SearchPlan, Signature
from dmafuzz.findings import Finding, RawFinding
from dmafuzz.platforms.core import to_core
from dmafuzz.search.plan import Plan
from dmafuzz.trackers import KERNEL


class Appraisal:
    """Of one campaign's findings."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._members = tuple(platforms.load(name) for name in plan.platforms)
        self._names = [member.name for member in self._members]
        self._families = Families(plan.core_tracker, [to_core(member) for member in self._members])
        self._proof: Proof | None = None

    def of(self, item: RawFinding, finding: Finding) -> Finding:
        """The finding with its `minimal` and `family`; ``item`` is what an engine reported of it."""
        signature = Signature(item.label, item.kind, item.rules)
        family = self._families.family(signature, finding.ops, self._names.index(item.platform))
        return replace(finding, minimal=self._minimal(signature, finding), family=family.name)

    def _minimal(self, signature: Signature, finding: Finding) -> str | None:
        """None for single platforms, or a tracker that the search cannot look into."""
        if self._plan.portfolio is None or self._plan.core_tracker.startswith(KERNEL):
            return None
        if self._proof is None:
            plan = self._plan
            self._proof = proof_for(
                SearchPlan(plan.tracker, plan.core_tracker, self._plan.portfolio, self._members, QUICK_OPS)
            )
        return self._proof.stamp(signature, finding.ops)
