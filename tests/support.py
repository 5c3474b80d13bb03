# SPDX-License-Identifier: GPL-2.0-only
"""What many test files need: programs from text, machines, judges, the command line, a campaign's plan."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from click.testing import CliRunner, Result

from dmafuzz import _core, platforms
from dmafuzz.cli import main
from dmafuzz.findings import RawFinding
from dmafuzz.fuzzing import Plan
from dmafuzz.program import Program, parse

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "corpus"
HARNESSES = ROOT / "harnesses"

# In the order in which they fire: the warning's id, and the operation.
Warnings = list[tuple[str, int]]


def program_of(*lines: str) -> Program:
    """A program without its version line; the lines may be indented, as in a test."""
    return parse("dmafuzz 1\n" + dedent("\n".join(lines)) + "\n")


def ops_of(*lines: str) -> list[_core.Op]:
    return list(program_of(*lines).ops)


@functools.cache
def machine(name: str = "x86-5.5") -> Any:
    """A platform, as the core has it. It is shared: whoever changes one takes `new_machine`."""
    return new_machine(name)


def new_machine(name: str = "x86-5.5") -> Any:
    return platforms.to_core(platforms.load(name))


@functools.cache
def machines() -> tuple[Any, ...]:
    """All of them, in the order of `platforms.names()`."""
    return tuple(machine(name) for name in platforms.names())


@functools.cache
def judge(tracker: str, *names: str) -> Any:
    """The core's judge of a tracker on some platforms."""
    return _core.Judge(tracker, [machine(name) for name in names])


def warnings_of(judge: Any, ops: Sequence[_core.Op]) -> Warnings:
    """Those of a program with its tidy-up, on the judge's first platform."""
    return [(warning.id, warning.op) for warning in judge.judge(ops, 0).warnings]


def run(*arguments: object, **more: Any) -> Result:
    """A command of dmafuzz, in this process. What it raises is raised."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False, **more)


def said(*arguments: object) -> tuple[int, str]:
    """Its exit status, and what it prints."""
    result = run(*arguments)
    return result.exit_code, result.output


def campaign_plan(out: Path, **changes: Any) -> Plan:
    """A short campaign of one native worker with a seed, but for what is said otherwise."""
    facts: dict[str, Any] = {
        "tracker": "6.12",
        "core_tracker": "6.12",
        "platforms": tuple(model.name for model in platforms.portfolio("6.12")),
        "portfolio": "6.12",
        "out": out,
        "engine": "native",
        "seconds": 3.0,
        "jobs": 1,
        "seed": 1,
        "ops_limit": 12,
    }
    return Plan(**{**facts, **changes})


def harness(name: str) -> Callable[[bytes], None]:
    """The function of a harness, which needs no fuzzer."""
    spec = importlib.util.spec_from_file_location(f"harness_{name}", HARNESSES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[bytes], None] = module.target
    return function


def raw_findings(count: int) -> list[RawFinding]:
    """What an engine reports, not replayed yet."""
    engine = _core.Engine("6.12", [platforms.to_core(model) for model in platforms.portfolio("6.12")], 4, 12)
    raw: list[RawFinding] = []
    while len(raw) < count:
        engine.burst(500, 1000)
        raw += [
            RawFinding(f.label, f.kind, f.platform, tuple(f.rules), _core.encode(f.ops), f.reason)
            for f in engine.take_findings()
        ]
    return raw[:count]
