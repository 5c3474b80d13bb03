# SPDX-License-Identifier: GPL-2.0-only
"""What earlier runs in the same output folder have done: campaign.json."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from dmafuzz.fuzzing.plan import Plan
from dmafuzz.fuzzing.summary import Summary
from dmafuzz.storage import write_whole


@dataclass(frozen=True)
class Earlier:
    """``programs`` judged and ``seconds`` spent by the runs before; ``started``: when the first one was (Unix time)."""

    programs: int
    seconds: float
    started: float

    @classmethod
    def read(cls, plan: Plan) -> Earlier:
        """Of a folder without a run: nothing, and now."""
        path = plan.out / "campaign.json"
        facts = json.loads(path.read_text()) if path.exists() else {}
        return cls(
            int(facts.get("programs", 0)), float(facts.get("seconds", 0.0)), float(facts.get("started", time.time()))
        )

    def write_with(self, summary: Summary, plan: Plan) -> None:
        """Adds a run."""
        facts = {
            "programs": self.programs + summary.programs,
            "started": self.started,
            "seconds": self.seconds + summary.seconds,
            "tracker": plan.tracker,
            "platforms": list(plan.platforms),
            "causes": dict(summary.causes),
        }
        write_whole(plan.out / "campaign.json", (json.dumps(facts, indent=2) + "\n").encode())
