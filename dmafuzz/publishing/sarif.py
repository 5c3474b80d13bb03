# SPDX-License-Identifier: GPL-2.0-only
"""SARIF 2.1.0, what code hosts show beside the code: a result for each finding of a run, which is one of each topic.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from .content import Drawing, Finding, Run

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "dmafuzzCause/v1"
_LEVELS = {"FN": "error", "broken": "error", "FP": "warning", "hazard": "warning"}
_RANKS = {"A": 100.0, "B": 80.0, "C": 60.0, "D": 40.0, "E": 20.0}
_UNGRADED = 50.0


def sarif_of(run: Run, version: str) -> str:
    """The run as text; ``version`` is dmafuzz's own."""
    rules = {_rule_id(finding): finding for finding in run.findings}
    ids = list(rules)
    driver = {
        "name": "dmafuzz",
        "semanticVersion": version,
        "rules": [_rule(name, finding) for name, finding in rules.items()],
    }
    results = [_result(finding, ids) for finding in run.findings]
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(document, indent=1) + "\n"


def _rule_id(finding: Finding) -> str:
    return "/".join((finding.label, *finding.kinds[:1]))


def _rule(name: str, finding: Finding) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": f"{finding.label}: {', '.join(finding.kinds[:1]) or 'nothing'}"},
        "fullDescription": {"text": finding.label_words},
        "defaultConfiguration": {"level": _LEVELS.get(finding.label, "none")},
    }


def _result(finding: Finding, ids: list[str]) -> dict[str, Any]:
    rule = _rule_id(finding)
    level = _LEVELS.get(finding.label, "none")
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": ids.index(rule),
        "kind": "fail" if level != "none" else "pass",
        "level": level,
        "message": {"text": f"{finding.title}\n\n{finding.mail}"},
        "locations": [_location(finding, 1)],
        "partialFingerprints": {FINGERPRINT: finding.id},
        "properties": {"tracker": finding.tracker, "portfolio": finding.portfolio, "topic": finding.topic},
    }
    if level != "none":
        result["rank"] = _RANKS.get(finding.grade, _UNGRADED)
    if finding.known is not None:
        result["baselineState"] = "unchanged" if finding.known else "new"
    if finding.known:
        result["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    if finding.confirmed:
        result["properties"]["confirmed"] = list(finding.confirmed)
    if finding.drawings:
        result["codeFlows"] = [_flow(finding, drawing) for drawing in finding.drawings]
    return result


def _location(finding: Finding, line: int, message: str = "") -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": quote(finding.file)}, "region": {"startLine": line}}
    }
    if message:
        location["message"] = {"text": message}
    return location


def _flow(finding: Finding, drawing: Drawing) -> dict[str, Any]:
    """A thread flow for each lane: the steps at which it shows something, in order of time."""
    lines = {f"op {line.number}": number for number, line in enumerate(finding.lines, 1)}
    flows = []
    for at, lane in enumerate(drawing.lanes):
        steps = []
        line = 1
        for order, step in enumerate(drawing.steps):
            line = lines.get(step.lead, line)
            cell = step.cells[at]
            shown = " ".join((*(f"{c.word} {c.detail}".strip() for c in cell.chips), cell.note)).strip()
            if shown or cell.acts:
                text = f"{step.lead}: {step.text}" + (f" [{lane.title}: {shown}]" if shown else "")
                steps.append({"location": _location(finding, line, text), "executionOrder": order})
        if steps:
            flows.append({"id": lane.title, "message": {"text": lane.title}, "locations": steps})
    return {"message": {"text": f"{drawing.title} on {drawing.platform}"}, "threadFlows": flows}
