# SPDX-License-Identifier: GPL-2.0-only
"""The reference of the command line and the man page, both made of the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from dmafuzz.cli.main import main

from .imports import ROOT

PAGE = ROOT / "docs" / "reference" / "commands.md"
MAN_PAGE = ROOT / "docs" / "man" / "dmafuzz.1"
_PROGRAM = "dmafuzz"


@dataclass(frozen=True)
class Command:
    """One command: its full name, how it is called, its paragraphs, and (declaration, help) of each option."""

    name: str
    usage: str
    paragraphs: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


def commands() -> list[Command]:
    """All of them, groups before what is in them."""
    return list(_walk(main, None, _PROGRAM))


def _walk(command: click.Command, parent: click.Context | None, name: str) -> Iterator[Command]:
    # Wide enough that nothing is wrapped: lines are the reader's.
    context = click.Context(command, parent=parent, info_name=name.rpartition(" ")[2], terminal_width=10_000)
    yield Command(name, " ".join(_usage(command, context, name)), _paragraphs(command), _options(command, context))
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _walk(found, context, f"{name} {below}")


def _usage(command: click.Command, context: click.Context, name: str) -> list[str]:
    return [name, *command.collect_usage_pieces(context)]


def _paragraphs(command: click.Command) -> tuple[str, ...]:
    text = command.help or ""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip())


def _options(command: click.Command, context: click.Context) -> tuple[tuple[str, str], ...]:
    # Arguments are in the usage, and --help, which each command has, is said once.
    options = (param for param in command.params if isinstance(param, click.Option))
    records = (option.get_help_record(context) for option in options)
    return tuple((said, " ".join(what.split())) for said, what in filter(None, records))


def markdown() -> str:
    """The page of the reference."""
    lines = [
        "# Commands",
        "",
        "Made of the commands' own `--help` by `python -m making` in `docs/`. Exit status 2 means that the input is "
        "wrong, and standard error says where; other statuses are described at the command.",
        "",
        'Completion of names and options is click\'s own: put `eval "$(_DMAFUZZ_COMPLETE=bash_source dmafuzz)"` into '
        "`~/.bashrc` (or `zsh_source` into `~/.zshrc`; for fish, `_DMAFUZZ_COMPLETE=fish_source dmafuzz | source`). "
        "`man dmafuzz` has this page where `MANPATH` has the environment's `share/man`.",
    ]
    for command in commands():
        lines += ["", f"## {command.name}", "", "```text", command.usage, "```"]
        for paragraph in command.paragraphs:
            lines += ["", _escaped(paragraph)]
        if command.options:
            lines += ["", "| option | |", "|---|---|"]
            lines += [f"| `{_cell(said)}` | {_escaped(what)} |" for said, what in command.options]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _escaped(text: str) -> str:
    return re.sub(r"(?<!`)([|<*_])(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", r"\\\1", text)


def man_page() -> str:
    """The same for man."""
    first, *rest = commands()
    lines = [
        f'.TH {_PROGRAM.upper()} 1 "" "{_PROGRAM}" "User commands"',
        ".SH NAME",
        f"{_PROGRAM} \\- {_roff(first.paragraphs[0])}",
        ".SH SYNOPSIS",
        f".B {_roff(first.usage)}",
        ".SH OPTIONS",
        *_roff_options(first),
        ".SH COMMANDS",
    ]
    for command in rest:
        lines += [f'.SS "{_roff(command.name)}"', f".B {_roff(command.usage)}"]
        for paragraph in command.paragraphs:
            lines += [".PP", _roff(paragraph)]
        lines += _roff_options(command)
    lines += [".SH EXIT STATUS", "2 where the input is wrong; other statuses are described at the command."]
    return "\n".join(lines) + "\n"


def _roff_options(command: Command) -> Iterator[str]:
    for said, what in command.options:
        yield from (".TP", f".B {_roff(said)}", _roff(what))


def _roff(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def made() -> dict[Path, str]:
    """What the files must hold."""
    return {PAGE: markdown(), MAN_PAGE: man_page()}
