# SPDX-License-Identifier: GPL-2.0-only
"""The line of one operation: written and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dmafuzz import _core
from dmafuzz._core import Op, OpKind, Problem

from .fields import FIELDS
from .forms import CPU_OPERATIONS, DEVICE_OPERATIONS, FORMS, Form, is_device_access
from .tokens import Cursor, Token

DEVICE = "device"  # the word that a device's own access begins with
_EQUALS = "="

# What the core calls a field, where it is not the name that the operation's form has for it.
_PROBLEM_FIELDS = {"buffer_kind": "kind", "entries": "entry"}


def render_op(op: Op) -> str:
    """The line of one operation, without its end. Fields that do not count for its kind are not looked at."""
    form = FORMS[op.kind]
    if is_device_access(op.kind):
        mapping, *rest = form.places
        return " ".join([DEVICE, _show(mapping, op), form.word, *(_show(place, op) for place in rest)])
    words = [FIELDS["cpu"].show(op.cpu)]
    if form.results:
        words += [*(_show(result, op) for result in form.results), "="]
    words.append(form.word)
    for place in form.places:
        if place == "entries":
            words += [FIELDS["entry"].show(entry) for entry in _entries(op)]
        else:
            words.append(_show(place, op))
    for argument in form.arguments:
        value = getattr(op, argument.field)
        if getattr(op, argument.given) if argument.given else value:
            words.append(f"{argument.name}={FIELDS[argument.codec].show(value)}")
    words += [flag for flag in form.flags if getattr(op, flag)]
    return " ".join(words)


def _show(field: str, op: Op) -> str:
    value: Any = getattr(op, field)
    return FIELDS[field].show(value)


def _entries(op: Op) -> list[Any]:
    return [] if op.reuse_list else op.entries


@dataclass
class Statement:
    """An operation and the words it was read from, by the core's names of its fields."""

    op: Op
    words: dict[str, Token] = field(default_factory=dict)
    entries: list[Token] = field(default_factory=list)

    def place(self, problem: Problem) -> Token:
        """The word that a problem is about."""
        if 0 <= problem.entry < len(self.entries):
            return self.entries[problem.entry]
        return self.words.get(problem.field, self.words["operation"])


def parse_op(cursor: Cursor) -> Statement:
    """The operation that a line holds, as far as the line alone tells. Raises ProgramError."""
    subject = cursor.next_token()
    if subject.text == DEVICE:
        return _parse_device_access(cursor)
    op = Op()
    op.cpu = FIELDS["cpu"].read(subject)
    statement = Statement(op, {"cpu": subject})
    results = _take_results(cursor)
    word = cursor.next_token()
    if word.text not in CPU_OPERATIONS:
        raise word.error("an operation", CPU_OPERATIONS)
    form = _begin(statement, word, CPU_OPERATIONS[word.text])
    _read_results(statement, form, results, word)
    _read_places(statement, form.places, form, cursor)
    _read_arguments(statement, form, cursor)
    # Arguments are read as given; whether that is a field of its own depends on the kind.
    statement.op = _core.clear_unused(statement.op)
    return statement


def _parse_device_access(cursor: Cursor) -> Statement:
    statement = Statement(Op())
    mapping = cursor.next_token()
    _read_field(statement, "mapping", mapping)
    word = cursor.next_token()
    if word.text not in DEVICE_OPERATIONS:
        raise word.error(" or ".join(f"'{known}'" for known in DEVICE_OPERATIONS), DEVICE_OPERATIONS)
    form = _begin(statement, word, DEVICE_OPERATIONS[word.text])
    _read_places(statement, form.places[1:], form, cursor)
    cursor.expect_end()
    return statement


def _begin(statement: Statement, word: Token, kind: OpKind) -> Form:
    statement.op.kind = kind
    statement.words["operation"] = word
    return FORMS[kind]


def _take_results(cursor: Cursor) -> list[Token] | None:
    """The words up to '=', the '=' itself included, or nothing where the line has no '='."""
    if cursor.peek().text in CPU_OPERATIONS or not cursor.has(_EQUALS):
        return None
    results = [cursor.next_token()]
    while results[-1].text != _EQUALS:
        results.append(cursor.next_token())
    return results


def _read_results(statement: Statement, form: Form, results: list[Token] | None, word: Token) -> None:
    if results is None:
        if form.results:
            names = " ".join(f"{result[0]}N" for result in form.results)
            raise word.error(f"'{names} =' in front of {form.word}")
        return
    if not form.results:
        raise results[0].error(f"nothing in front of {form.word}")
    for result, token in zip(form.results, results, strict=False):
        _read_field(statement, result, token)
    after = results[len(form.results)]
    if after.text != _EQUALS:
        raise after.error(f"'{_EQUALS}'")


def _read_field(statement: Statement, name: str, token: Token) -> None:
    setattr(statement.op, name, FIELDS[name].read(token))
    statement.words[_PROBLEM_FIELDS.get(name, name)] = token


def _read_places(statement: Statement, places: tuple[str, ...], form: Form, cursor: Cursor) -> None:
    for place in places:
        if place == "entries":
            _read_entries(statement, form, cursor)
        elif place not in form.optional or cursor.peek() != cursor.end:
            _read_field(statement, place, cursor.next_token())


def _read_entries(statement: Statement, form: Form, cursor: Cursor) -> None:
    statement.words["entry"] = cursor.peek()  # where one is missing if there are none
    while (token := cursor.peek()) != cursor.end and token.argument() is None and token.text not in form.flags:
        entry = FIELDS["entry"].read(cursor.next_token())
        try:
            statement.op.entries = [*statement.op.entries, entry]
        except ValueError as error:  # the core's own limit
            raise token.error(f"an end of the list: {error}") from None
        statement.entries.append(token)


def _read_arguments(statement: Statement, form: Form, cursor: Cursor) -> None:
    arguments = {argument.name: argument for argument in form.arguments}
    seen: set[str] = set()
    for token in cursor.rest():
        name, value = token.argument() or (token, None)
        if name.text not in (form.flags if value is None else arguments):
            raise name.error(_choices(form), [*form.flags, *arguments])
        if name.text in seen:
            raise name.error(f"{name.text} once")
        seen.add(name.text)
        if value is None:
            setattr(statement.op, name.text, True)
            continue
        argument = arguments[name.text]
        if argument.name == "list" and statement.entries:
            raise name.error("either list= or entries")
        setattr(statement.op, argument.field, FIELDS[argument.codec].read(value))
        statement.words[argument.field] = value
        if argument.given:
            setattr(statement.op, argument.given, True)


def _choices(form: Form) -> str:
    """What may still come on a line."""
    return ", ".join([*(f"{argument.name}=" for argument in form.arguments), *form.flags, "end of line"])
