# SPDX-License-Identifier: GPL-2.0-only
"""The plan of a campaign, `campaign.toml`: read, checked, its targets looked up."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dmafuzz import platforms
from dmafuzz.campaign.guests import GUEST, guest_plan
from dmafuzz.confirmation import ConfirmationError, machine_for
from dmafuzz.fuzzing import Plan
from dmafuzz.platforms.errors import PlatformError, dotted, message, nearest
from dmafuzz.storage import UnreadableError, read_small
from dmafuzz.store import shown_path
from dmafuzz.trackers import KERNEL, TrackerError, added_kernels, default_portfolio, resolve
from dmafuzz.trackers.python import PYTHON

FILE = Path("campaign.toml")
FILE_BYTES_MAX = 1 << 20
OPS_LIMIT = 14
AHEAD = 4
CANARY = "canary:"
CANARIES = {f"{CANARY}never-warns": "FN", f"{CANARY}always-warns": "FP"}  # the label that finds it out
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
SLICE_S_MIN, SLICE_S_MAX = 1.0, 3_600.0

EXAMPLE = """\
# What `dmafuzz campaign run` does. `dmafuzz campaign check` says whether it can be carried out.
[campaign]
name     = "nightly"
store    = "campaign"    # folder of findings, corpus and ledgers; a second run goes on with it
slice    = "2m"          # how long one target is searched before the next one's turn; a whole number is of programs,
                         # and then a slice gives the same result to the byte
jobs     = "all"         # slices at once on this host: a number, or one for each processor
executor = "local"       # processes of this host; folder: hosts that share the store; dask: workers of a cluster

# Each target gets a share of the time by its weight.
[[target]]
tracker = "6.12"         # an era, a proposal, or kernel:NAME of a kernel that was added (dmafuzz kernel add)
weight  = 4

[[target]]
tracker = "7.2"
weight  = 2
# against = "6.12"       # only what differs from this one counts as new

# A tracker with a planted fault, which must be found out: if it is not, the campaign is at fault (exit status 3).
[[target]]
tracker = "canary:never-warns"
weight  = 0.1

# A kernel that `dmafuzz confirm build` has built, booted: what it shows otherwise is a fault of dmafuzz, and the
# programs are in the store's folder unconfirmed/ (exit status 3).
# [[target]]
# tracker = "guest:6.12.117"
# machine = "force-bounce"           # dmafuzz confirm list
# weight  = 0.5

[triage]
show     = ["A", "B", "C"]           # grades that `campaign status` names
top      = 10
# baseline = "baseline.jsonl"        # people's decisions (dmafuzz mark)

# What is written at the end of a run.
# [report]
# html  = "report"
# sarif = "dmafuzz.sarif"
# junit = "dmafuzz.xml"

[keep]
causes_per_topic = 200               # in full; the rest as counts
# corpus_days      = 30
# corpus_megabytes = 100

# [dask]
# scheduler   = "tls://host:8786"    # started however you like
# ca          = "ca.pem"             # mutual TLS: whoever can reach a scheduler runs code on its workers
# certificate = "own.pem"
# key         = "own.key"
"""


class PlanFileError(ValueError):
    """A plan that cannot be carried out; a line for each complaint."""


def duration(text: object) -> object:
    """Seconds, of a text like "90s", "2m", "8h"; anything else as it is."""
    found = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else text


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CampaignTable(_Table):
    """``slice``: seconds, or a number of programs. ``ahead``: with the latter, how many slices of one target may be at
    work at once; slice n starts from what those up to n - ahead have found."""

    name: str = "campaign"
    store: str = "campaign"
    slice: Annotated[float | int, BeforeValidator(duration), Field(gt=0)] = 120.0
    jobs: Literal["all"] | Annotated[int, Field(ge=1, le=256)] = "all"
    executor: Literal["local", "folder", "dask"] = "local"
    ahead: Annotated[int, Field(ge=1, le=10_000)] = AHEAD
    ops: Annotated[int, Field(ge=2, le=64)] = OPS_LIMIT


class TargetTable(_Table):
    """``against``: only what differs from this tracker counts as new. ``machine``: of QEMU, for a guest kernel."""

    tracker: str
    machine: str | None = None
    weight: Annotated[float, Field(gt=0)] = 1.0
    portfolio: str | None = None
    against: str | None = None

    @property
    def is_canary(self) -> bool:
        """Whether it has a planted fault: then what it shows is no news."""
        return self.tracker.startswith(CANARY)

    @property
    def is_hunt(self) -> bool:
        """Whether it is a kernel, booted, on which dmafuzz itself is tried."""
        return self.tracker.startswith(GUEST)

    @property
    def canary_label(self) -> str | None:
        """The label that a canary must be found out by; None: no canary, or one whose fault is a smaller one."""
        return CANARIES.get(self.tracker)


class DaskTable(_Table):
    """``scheduler``: its address, as tls://host:8786. ``ca``, ``certificate`` and ``key`` are files, beside the plan;
    without them those of Dask's own configuration count."""

    scheduler: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""


class TriageTable(_Table):
    """``show``: the grades that people want to see; ``top``: how many topics; ``baseline``: a file of decisions, beside
    the plan."""

    show: list[Literal["A", "B", "C", "D", "E"]] = ["A", "B", "C"]
    top: Annotated[int, Field(ge=1, le=1_000)] = 10
    baseline: str | None = None


class ReportTable(_Table):
    """What is written at the end of a run, beside the plan: a folder of pages, files for other tools."""

    html: str | None = None
    sarif: str | None = None
    junit: str | None = None


class KeepTable(_Table):
    """``causes_per_topic``: of a topic so many are kept in full, the rest as counts. ``corpus_days``: programs that no
    slice has found anew for so long go; ``corpus_megabytes``: of a target's corpus the oldest go beyond that."""

    causes_per_topic: Annotated[int, Field(ge=1)] = 200
    corpus_days: Annotated[float, Field(gt=0)] | None = None
    corpus_megabytes: Annotated[float, Field(gt=0)] | None = None


class CampaignFile(_Table):
    """A whole file."""

    campaign: CampaignTable = CampaignTable()
    target: Annotated[list[TargetTable], Field(min_length=1)]
    dask: DaskTable = DaskTable()
    triage: TriageTable = TriageTable()
    report: ReportTable = ReportTable()
    keep: KeepTable = KeepTable()

    @property
    def repeatable(self) -> bool:
        """Whether slices are of so many programs: then all that they find follows from the plan."""
        return isinstance(self.campaign.slice, int)

    @property
    def jobs(self) -> int:
        return len(os.sched_getaffinity(0)) if self.campaign.jobs == "all" else self.campaign.jobs

    def plan_of(self, target: TargetTable, store: Path) -> Plan:
        """What decides about the target. Raises PlanFileError for a target that is not there."""
        name = target.tracker
        try:
            if target.is_hunt:
                return guest_plan(name, target.machine or "", store, self.campaign.ops)
            core = resolve(name).core
            portfolio = target.portfolio or default_portfolio(name)
            names = tuple(model.name for model in platforms.portfolio(portfolio))
        except (TrackerError, PlatformError, ConfirmationError) as error:
            raise PlanFileError(str(error)) from None
        return Plan(name, core, names, portfolio, store, "native", None, 1, 0, self.campaign.ops)


_TABLES: dict[str, type[_Table]] = {
    "campaign": CampaignTable,
    "target": TargetTable,
    "dask": DaskTable,
    "triage": TriageTable,
    "report": ReportTable,
    "keep": KeepTable,
}


def read_plan_file(path: Path) -> CampaignFile:
    """Raises PlanFileError, which says where and what was expected."""
    shown = shown_path(path)
    try:
        data = read_small(path, FILE_BYTES_MAX)
    except UnreadableError as error:
        raise PlanFileError(f"{error}; `dmafuzz campaign init` writes one") from None
    try:
        table: dict[str, Any] = tomllib.loads(data.decode())
        plan = CampaignFile.model_validate(table)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlanFileError(f"{shown}: is not TOML: {error}") from None
    except ValidationError as error:
        raise PlanFileError("\n".join(_complaint(details, Path(shown)) for details in error.errors())) from None
    _check(plan, shown)
    return plan


def _complaint(details: Any, file: Path) -> str:
    """One line, as for a platform's file."""
    location, kind = details["loc"], details["type"]
    if kind == "extra_forbidden":
        table = _TABLES.get(str(location[0]), CampaignFile) if len(location) > 1 else CampaignFile
        known = nearest(str(location[-1]), table.model_fields)
        return message(file, dotted(location), "an unknown key", f"a known one ({known})")
    if kind == "missing":
        return message(file, dotted(location), "nothing", "a value")
    expected = str(details["msg"]).removeprefix("Input should be ")
    return message(file, dotted(location), repr(details["input"]), expected)


def _check(plan: CampaignFile, shown: str) -> None:
    """Names that the file may use: none of code that nobody has registered here."""
    known = {name for name, _ in added_kernels()}
    named = [(f"target[{n}].tracker", target.tracker) for n, target in enumerate(plan.target)]
    named += [(f"target[{n}].against", target.against) for n, target in enumerate(plan.target) if target.against]
    for where, name in named:
        if name.startswith(PYTHON) or (name.startswith(KERNEL) and name not in known):
            raise PlanFileError(
                f"{shown}: {where}: found {name!r}, expected the name of a tracker, or of a kernel that was added "
                "(dmafuzz kernel add): a file names no code"
            )
    for number, target in enumerate(plan.target):
        _check_machine(target, f"{shown}: target[{number}]")
    trackers = [(target.tracker, target.portfolio, target.machine) for target in plan.target]
    if len(set(trackers)) < len(trackers):
        raise PlanFileError(
            f"{shown}: target: the same tracker and portfolio twice; expected one, with the sum of weights"
        )
    if isinstance(plan.campaign.slice, float) and not SLICE_S_MIN <= plan.campaign.slice <= SLICE_S_MAX:
        raise PlanFileError(f"{shown}: campaign.slice: found {plan.campaign.slice:g} s, expected 1 s to 1 h")


def _check_machine(target: TargetTable, where: str) -> None:
    """A guest kernel has a machine, and nothing else has."""
    if not target.is_hunt:
        if target.machine is not None:
            raise PlanFileError(f"{where}.machine: found {target.machine!r}, expected none but for {GUEST}NAME")
        return
    if target.portfolio is not None or target.against is not None:
        raise PlanFileError(f"{where}: found portfolio or against, expected a machine alone for {GUEST}NAME")
    try:
        machine_for(target.machine or "")
    except ConfirmationError as error:
        raise PlanFileError(f"{where}.machine: {error}") from None
