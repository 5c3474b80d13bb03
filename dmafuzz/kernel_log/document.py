# SPDX-License-Identifier: GPL-2.0-only
"""The answer as a document: headings, paragraphs, lists and programs, for renderers of text and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz.program import Program, render_op
from dmafuzz.publishing import Block
from dmafuzz.verdicts.meanings import CORRUPTIONS

from .answer import Answer, Cause, JudgedGroup, Variant
from .kernel_ranges import kernel_ranges
from .leaders import BOOKKEEPING, FALSE, KEPT, LOSES, Leader
from .messages import UNKNOWN
from .plain_text import BYTES_MAX
from .splat import Splat

_NAMED_MAX = 5  # platforms or devices that are named; of more there is the number


MORE = (
    "`echo 1 > /sys/kernel/debug/dma-api/all_errors`: every error is printed; by default only the first is "
    "(`num_errors` is how many more will be printed; `error_count` counts all).",
    "`dma_debug_driver=NAME` on the command line, or `echo NAME > /sys/kernel/debug/dma-api/driver_filter`: only this "
    "driver's errors.",
    "`cat /sys/kernel/debug/dma-api/dump` (5.1 and later): all live mappings. Beside the log, in one file, it makes "
    "the answer exact where a warning names an address.",
    "The trace events `dma:*` (6.12 and later): every call, also without dma-debug.",
    "`dma_debug_entries=N` on the command line, where dma-debug has run out of entries.",
)


def document(answer: Answer, name: str) -> list[Block]:
    """All of it; ``name`` stands for the log."""
    blocks = [Block("title", (name,)), *_head(answer)]
    for number, cause in enumerate(answer.causes, 1):
        blocks += _cause(number, cause)
    if answer.unjudged:
        blocks.append(_text(f"There are {answer.unjudged} more causes, which are not judged."))
    blocks += _dump(answer)
    blocks += _others(answer)
    if answer.causes or answer.groups:
        blocks.append(Block("heading", ("How to get more",)))
        blocks += [Block("item", (text,)) for text in MORE]
    return blocks


def _text(text: str, lead: str = "", tone: str = "") -> Block:
    return Block("text", (text,), lead, tone)


def _head(answer: Answer) -> Iterator[Block]:
    log = answer.log
    machine = log.machine
    of = f"{machine.arch or 'an unknown architecture'}{f' ({machine.hardware})' if machine.hardware else ''}"
    yield _text(
        f"{_sentence(answer.era.why)[:-1]}; {of}. Judged as tracker {answer.era.name} on portfolio {answer.portfolio}."
    )
    if log.cut:
        yield _text(f"Only the first {BYTES_MAX >> 20} MiB of the input were read.")
    if log.more_splats:
        yield _text(
            f"Of {_plural(len(log.splats) + log.more_splats, 'warning')} the first {len(log.splats):,} are judged."
        )
    if log.splats:
        count = len(answer.causes) + answer.unjudged
        printed = f"{_plural(len(log.splats), 'warning')} of dma-debug, of {_plural(count, 'cause')}"
        alone = " By default a kernel prints only the first one: there may be others." if count == 1 else ""
        yield _text(f"{printed}, in the order of the log.{alone}")
    else:
        yield _text("No warning of dma-debug.")
    if log.events:
        yield _text(f"{_plural(log.events, 'line')} of trace events are not read.")


def _cause(number: int, cause: Cause) -> Iterator[Block]:
    splat = cause.splat
    who = " ".join(word for word in (splat.driver, splat.device) if word) or "no device is named"
    yield Block("heading", (f"{number}. {splat.check}: {who}",))
    yield _text(f"{splat.message} {_values(splat)}".strip() + _times(cause))
    if places := _places(splat):
        yield _text(places)
    since = f" Checked since {cause.since}." if cause.since else ""
    yield _text(f"{_sentence(cause.means)}{since}", "What it means")
    yield from _verdict(cause)
    if cause.splat.check == UNKNOWN:
        yield _text(cause.advice.repair, "Repair")
        return
    yield from _false_cases(cause)
    yield _text(_kernels(cause), "Which kernels warn")
    yield _text(cause.advice.usually, "Usually wrong")
    yield _text(cause.advice.repair, "Repair")
    if cause.advice.never:
        yield _text(cause.advice.never, "Note")
    if cause.advice.more:
        yield _text(cause.advice.more, "Look at")
    yield from _leaders(cause)


def _values(splat: Splat) -> str:
    return " ".join(f"[{name}{_joint(name)}{value}]" for name, value in splat.values.items())


def _joint(name: str) -> str:
    return " " if name.endswith((" with", " as")) else "="


def _times(cause: Cause) -> str:
    when = f" at {cause.splat.time}" if cause.splat.time else ""
    where = f"{when} (line {cause.splat.line})"
    devices = f", for {len(cause.devices)} devices" if len(cause.devices) > 1 else ""
    return f": once{where}." if cause.count == 1 else f": {cause.count} times{devices}, first{where}."


def _places(splat: Splat) -> str:
    mapped = " <- ".join(str(frame) for frame in splat.mapped_at)
    parts = [f"Mapped at: {mapped}." if mapped else "", f"Called from {splat.caller}." if splat.caller else ""]
    return " ".join(part for part in parts if part)


def _verdict(cause: Cause) -> Iterator[Block]:
    if cause.surely_false:
        yield _text("This is a known false positive (below): nothing is wrong with the driver.", "Is it true")
    if not cause.variants:
        if cause.splat.check == UNKNOWN:
            yield _text("No check that is known here has this message, so no verdict is possible.", "Is it true")
            return
        yield _text(f"{_untold(cause)} The smallest programs below show what the warning can mean.", "Is it true")
        return
    for variant in cause.variants:
        yield _text(_comes_to(cause, variant), "Is it true", "loss" if variant.harms else "")
        yield Block("program", _lines(variant.sketch.program))
        if variant.sketch.assumed:
            source = (
                "From the dump; also assumed"
                if variant.sketch.from_dump
                else "Assumed, because the log does not say it"
            )
            yield _text(f"{source}: {'; '.join(variant.sketch.assumed)}.")
    if cause.shares_lines:
        yield _text(
            "It does not begin and end on cacheline boundaries: unrelated data may share its first or last cacheline, "
            "and may be lost on non-coherent devices. The log does not say whether there is any.",
            "Cachelines",
        )


def _untold(cause: Cause) -> str:
    """Why there is no verdict."""
    if cause.too_large:
        return "The mapping is too large for a program, and not judged."
    known = "a dump of the mappings at that moment" if cause.live is None else "more than the dump has"
    return f"The message alone does not determine the call: that needs {known}."


def _comes_to(cause: Cause, variant: Variant) -> str:
    """One sentence or two: where data is lost, where not, and what that is for the machine of the log."""
    outcome = variant.outcome
    losing = outcome.losing
    harmless = tuple(name for name in outcome.platforms if name not in losing)
    total = len(outcome.platforms) + len(outcome.silent)
    begins = ""
    if len(cause.variants) > 1 and variant.sketch.direction:
        begins = f"If the direction is {variant.sketch.direction}: "
    if losing:
        kinds = "; ".join(CORRUPTIONS[kind] for kind in outcome.kinds)
        text = f"data is lost on {len(losing)} of {total} platforms of that kernel, {_some(losing)}: {kinds}."
        if harmless:
            text += f" No data is lost on {_some(harmless)}."
    elif booked := outcome.by_justification.get("bookkeeping", ()):
        text = f"no data is lost; there is a leak or a fault on {_some(booked)}."
    else:
        text = f"no: no data is lost on any of the {total} platforms of that kernel."
    if here := _here(cause, variant):
        text = f"{text} {here}"
    return begins + (text if begins else _sentence(text))


def _here(cause: Cause, variant: Variant) -> str:
    losing = set(variant.outcome.losing)
    if not losing or not cause.here:
        return ""
    mine = [name for name in cause.here if name in losing]
    spared = [name for name in cause.here if name not in losing]
    if not mine:
        return "On machines like this one no data is lost: the driver is wrong on others."
    return "On machines like this one data is lost." if not spared else f"This machine may be like {_some(mine)}."


def _false_cases(cause: Cause) -> Iterator[Block]:
    if not cause.false:
        yield _text(f"None is known for this warning in {cause.era.name}.", "Known false positives")
    for case in cause.false:
        since = f"From {case.since} on" if case.since else "At first"
        until = f"{since.lower() if not case.since else since}, before {case.until}" if case.until else since
        yield _text(
            f"{until[:1].upper() + until[1:]}, it is wrong when {case.when}. Fixed: {case.mended}.",
            "Known false positive",
        )


def _kernels(cause: Cause) -> str:
    if cause.variants:
        return f"This call is warned about by dma-debug of {kernel_ranges(cause.eras)}."
    if cause.eras:
        return f"Programs that make it fire are known for {kernel_ranges(cause.eras)}."
    return "No modelled program makes it fire: it depends on memory, or on parts of the kernel that are not modelled."


def _leaders(cause: Cause) -> Iterator[Block]:
    if not cause.leaders:
        return
    yield _text(f"in {cause.era.name}, by what the warning means there:", "The smallest programs that make it fire")
    for leader in cause.leaders:
        yield _text(_means(leader))
        yield Block("program", leader.program)


def _means(leader: Leader) -> str:
    return {
        LOSES: f"Data is lost on {_some(leader.losing)}:",
        BOOKKEEPING: "No data is lost, but there is a leak or a fault:",
        FALSE: "No data is lost on any platform, but the program breaks a rule of the DMA API:",
        KEPT: "No data is lost, and the program keeps every rule, so it is a false positive:",
    }[leader.meaning]


def _dump(answer: Answer) -> Iterator[Block]:
    live = answer.log.live
    if not live:
        return
    yield Block("heading", ("Live mappings",))
    unchecked = sum(each.checked is False for each in live)
    devices = len({(each.driver, each.device) for each in live})
    yield _text(
        f"{_plural(len(live), 'entry', 'entries')} of {_plural(devices, 'device')}; {unchecked} without "
        f"dma_mapping_error() "
        "so far."
    )
    if not answer.groups:
        yield _text("No two streaming mappings share a cacheline of up to 128 bytes.")
    for group in answer.groups:
        yield from _group(group, answer)
    if answer.more_groups:
        yield _text(f"{answer.more_groups} more groups of mappings that share cachelines are not judged.")


def _group(judged: JudgedGroup, answer: Answer) -> Iterator[Block]:
    group = judged.group
    first = group.members[0]
    times = f" ({group.count} times alike)" if group.count > 1 else ""
    begins = f"{len(group.members)} mappings of {first.driver} {first.device} share cachelines (line "
    f"{first.line}){times}"
    if group.program is None:
        yield _text(f"{begins}: too many for a program, and not judged.")
        return
    warned = f"{answer.era.name} warns: {', '.join(judged.warned)}" if judged.warned else f"{answer.era.name} is silent"
    if judged.losses:
        text = f"data can be lost on {_some(tuple(judged.losses))}; {warned}."
    else:
        text = f"no data can be lost on any platform; {warned}."
    yield _text(f"{begins}: {text}", tone="loss" if judged.losses else "")
    yield Block("program", _lines(group.program))


def _others(answer: Answer) -> Iterator[Block]:
    if not answer.others:
        return
    yield Block("heading", ("Also in the log",))
    for other, kind in answer.others:
        times = f"{other.count} times, first " if other.count > 1 else ""
        when = f"at {other.time}, " if other.time else ""
        yield Block("item", (f"{other.text} ({times}{when}line {other.line}): {kind.says}",))


def _lines(program: Program) -> tuple[str, ...]:
    return tuple(render_op(op) for op in program.ops)


def _some(names: Sequence[str]) -> str:
    if len(names) <= _NAMED_MAX:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED_MAX - 1])} and {len(names) - _NAMED_MAX + 1} more"


def _sentence(text: str) -> str:
    begun = text[:1].upper() + text[1:]
    return begun if begun.endswith((".", ":")) else f"{begun}."


def _plural(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
