# SPDX-License-Identifier: GPL-2.0-only
"""A course of events as C: what the author of a driver would write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dmafuzz import _core
from dmafuzz._core import Op, OpKind, matching_end
from dmafuzz.program import render_op
from dmafuzz.program.kinds import DEVICE_ACCESSES, FREES

from . import calls
from .course import Act, Event
from .errors import ExportError
from .names import is_list, list_of, plus, segments_of

_TAB = "\t"
_LINE_CHARS = 116


class Source:
    """Writes program.c. ``ops`` are the operations carried out, tidy-up included. Raises ExportError."""

    def __init__(self, ops: Sequence[Op], events: Sequence[Event]) -> None:
        self._ops, self._events = ops, events
        self._facts = calls.Facts(ops)
        self._live: list[Op] = []  # what has to be undone where a later call fails
        self._parts: list[tuple[int, list[str]]] = []  # what one CPU does at a stretch
        self._checked: set[int] = set()  # mappings whose error is asked for later
        self._irqs_off = False
        self.checks = 0
        for event in events:
            self._event(event)
        self._give_back()

    def text(self, name: str, comment: Sequence[str], guest_only: bool) -> str:
        """The whole file."""
        devices = 1 + max([op.device for op in self._ops if op.device < _core.DEVICES_MAX], default=0)
        return "\n".join(
            [
                "// SPDX-License-Identifier: GPL-2.0-only",
                "/*",
                *(f" * {line}".rstrip().replace("*/", "* /") for line in comment),
                " */",
                "#define pr_fmt(format) format",
                "",
                '#include "harness.h"',
                "",
                f'const char program_name[] = "{_quoted(name)}";',
                f"const unsigned int program_checks = {self.checks};",
                f"const unsigned int program_devices = {devices};",
                f"const bool program_guest_only = {'true' if guest_only else 'false'};",
                "",
                *self._facts.declarations(),
                "",
                *self._functions(),
            ]
        )

    def _functions(self) -> Iterator[str]:
        for number, (cpu, lines) in enumerate(self._parts):
            yield f"/* On CPU {cpu} */"
            yield f"static long part_{number}(void *unused)"
            yield "{"
            code = "\n".join(line for line in lines if not line.startswith(("step(", "/*")))
            used = [d for d in range(_core.DEVICES_MAX) if re.search(rf"\bd{d}\b", code)]
            yield from (f"{_TAB}struct device *d{d} = device_of({d});" for d in used)
            yield from self._facts.stacks() if not number else ()
            if used:
                yield ""
            yield from (f"{_TAB}{line}" if line else "" for line in lines)
            yield f"{_TAB}return 0;"
            yield "}"
            yield ""
        yield "int program(void)"
        yield "{"
        if len(self._parts) == 1:
            yield f"{_TAB}return on_cpu({self._parts[0][0]}, part_0);"
        else:
            yield f"{_TAB}int failed = on_cpu({self._parts[0][0]}, part_0);"
            yield ""
            for number, (cpu, _) in list(enumerate(self._parts))[1:]:
                yield f"{_TAB}if (!failed)"
                yield f"{_TAB}{_TAB}failed = on_cpu({cpu}, part_{number});"
            yield f"{_TAB}return failed;"
        yield "}"
        yield ""

    def _event(self, event: Event) -> None:
        op = self._ops[event.op]
        if event.act == Act.OPERATION:
            self._operation(event, op)
            return
        if event.act == Act.CPU_WRITE:
            self._emit("/* A CPU writes, as it may. */", f"memset({self._at(event)}, {event.tag}, {event.size});")
        elif event.act == Act.CPU_READ:
            self._check(event, "cpu_reads", f"{self._at(event)}, {event.size}, {event.tag}", "the CPU reads")
        elif event.act == Act.DEVICE_WRITE:
            self._emit(f"/* The device of m{event.mapping} writes, as it may. */", self._access(event, "writes", ""))
        else:
            self.checks += 1
            self._emit(self._access(event, "reads", f'"{self._where(event, f"m{event.mapping} reads")}", '))

    def _check(self, event: Event, function: str, arguments: str, who: str) -> None:
        self.checks += 1
        self._emit(f'{function}("{self._where(event, who)}", {arguments});')

    def _where(self, event: Event, who: str) -> str:
        first, last = event.offset, event.offset + event.size - 1
        what = f"b{event.buffer}" if event.act == Act.CPU_READ else f"m{event.mapping}"
        return f"op {event.op}: {who}: {what}[{first}..{last}]"

    def _at(self, event: Event) -> str:
        return plus(f"b{event.buffer}", event.offset)

    def _access(self, event: Event, verb: str, where: str) -> str:
        made = self._facts.made[event.mapping]
        rest = f"{event.size}, {event.tag});"
        if is_list(made):
            listed = f"{list_of(made)}, {segments_of(made)}, {event.offset}"
            return f"device_{verb}_list({where}d{made.device}, {listed}, {rest}"
        return f"device_{verb}({where}d{made.device}, {plus(f'm{event.mapping}', event.offset)}, {rest}"

    def _operation(self, event: Event, op: Op) -> None:
        line = render_op(op)
        if op.split or op.kind == OpKind.finish:
            raise ExportError(f"op {event.op} ({line}): calls that overlap in time are not to be had without probes")
        if op.kind in DEVICE_ACCESSES:
            self._emit("", f'step("{event.op}: {_quoted(line)}");')
            if op.kind != OpKind.device_read:
                self._emit(self._access(event, "writes", ""))
            return
        self._stretch(op.cpu, event.op, line)
        self._emit("", f'step("{event.op}: {_quoted(line)}");')
        if op.kind in (OpKind.irq_off, OpKind.irq_on):
            self._irqs_off = op.kind == OpKind.irq_off
            self._emit("local_irq_disable();" if self._irqs_off else "local_irq_enable();")
            return
        self._emit(*self._facts.lines(event.op, op, event.tag, self._irqs_off, self._undo))
        self._note(op)

    def _stretch(self, cpu: int, number: int, line: str) -> None:
        if self._parts and self._parts[-1][0] == cpu:
            return
        if self._irqs_off or (self._parts and self._facts.has_stack()):
            raise ExportError(
                f"op {number} ({line}): another CPU goes on while interrupts are off, or a stack is mapped"
            )
        self._parts.append((cpu, []))

    def _emit(self, *lines: str) -> None:
        if not self._parts:
            self._parts.append((0, []))
        out = self._parts[-1][1]
        for line in lines:
            if line or out:
                out.extend(folded(line))

    def _note(self, op: Op) -> None:
        """What is there to be undone from now on."""
        if op.kind == OpKind.mapping_error:
            self._checked.add(op.mapping)
        if op.kind == OpKind.alloc or _core.traits(op.kind).defines_mapping:
            self._live.append(op)
            return
        if op.kind == OpKind.free:
            self._live = [o for o in self._live if not (o.kind == OpKind.alloc and o.buffer == op.buffer)]
        elif op.kind in FREES or op.kind.name.startswith("unmap_"):
            self._live = [o for o in self._live if o.kind == OpKind.alloc or o.mapping != op.mapping]

    def _give_back(self) -> None:
        """What the program has left; memory that a mapping still leads to stays."""
        led_to = {e.buffer for o in self._live for e in o.entries} | {
            o.buffer for o in self._live if o.kind != OpKind.alloc
        }
        lines = [
            line
            for o in self._live
            if o.kind == OpKind.alloc and o.buffer not in led_to
            for line in self._facts.free(o.buffer)
        ]
        if lines:
            self._emit("", "/* What is left. */", *lines)

    def _undo(self) -> list[str]:
        """What a driver does before it gives up: everything so far, backwards."""
        out = ["local_irq_enable();"] if self._irqs_off else []
        for op in reversed(self._live):
            if op.kind == OpKind.alloc:
                out += self._facts.free(op.buffer)
            elif not op.unchecked or op.mapping in self._checked:
                out += self._facts.end(op, matching_end(op.kind), op)
        return out


def folded(line: str) -> list[str]:
    """A line of C that is too long, broken at its commas."""
    if len(line) <= _LINE_CHARS - 8 or "(" not in line:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    out, rest = [], line
    while len(rest) > _LINE_CHARS - 8:
        at = rest.rfind(", ", 0, _LINE_CHARS - 8)
        if at < 0:
            break
        out.append(rest[: at + 1])
        rest = f"{indent}{_TAB}{rest[at + 2 :]}"
    return [*out, rest]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
