# SPDX-License-Identifier: GPL-2.0-only
"""JUnit's XML: a test case for each finding of a run; what is known already is skipped."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from .content import Finding, Run


def junit_of(run: Run) -> str:
    """One test suite: a finding is a failure, one that is known is skipped, a program without a fault has passed."""
    known = [finding for finding in run.findings if finding.known]
    failed = [finding for finding in run.findings if is_failure(finding)]
    counts = {"tests": len(run.findings), "failures": len(failed), "skipped": len(known), "errors": 0}
    attributes = {name: str(count) for name, count in counts.items()}
    root = ElementTree.Element("testsuites", attributes)
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"dmafuzz {run.tracker}", **attributes})
    for finding in run.findings:
        _case(suite, finding)
    ElementTree.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ElementTree.tostring(root, encoding='unicode')}\n"


def is_failure(finding: Finding) -> bool:
    """Whether a finding fails its test."""
    return not finding.known and finding.label in ("FN", "FP", "hazard", "broken")


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", {"name": f"{finding.id}: {finding.title}", "classname": f"dmafuzz.{finding.label}"}
    )
    if finding.known:
        ElementTree.SubElement(case, "skipped", {"message": "known"})
    elif is_failure(finding):
        failure = ElementTree.SubElement(case, "failure", {"type": finding.label, "message": finding.title})
        failure.text = finding.mail
