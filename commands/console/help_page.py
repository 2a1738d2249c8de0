"""A command's help as plain text: sections in the order people need them, as narrow as the terminal.

Typer's own page has a column for each way to write an option, which leaves a third of 80 columns for what it
does, and takes a library for boxes that is slower to load than all else.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

_WIDEST = 100  # columns; longer lines are hard to read
_MARGIN = 2  # columns before an option
_OPTION = 24  # columns of an option and its value; longer ones have a line of their own
_REST = "Help"  # the section of options that have none; it comes last


def page(command: Any, context: Any) -> str:
    """The help of a command.

    Args:
        command: typer's; its parameters' `rich_help_panel` is the section that they are shown in.
        context: that of its call.
    """
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    parts = [usage(command, context), _wrapped(command.help or "", width)]
    parts += [
        "\n".join([_title(title), *(line for entry in entries for line in _entry(*entry, width))])
        for title, entries in sections(command, context).items()
    ]
    if command.epilog:
        parts.append(_wrapped(command.epilog, width))
    return "\n\n".join(parts)


def usage(command: Any, context: Any) -> str:
    """How a command is called: `Usage: stylize-video INPUT [options]`."""
    arguments = " ".join(_value(p) for p in command.params if p.param_type_name == "argument")
    return " ".join(f"Usage: {context.command_path} {arguments} [options]".split())


def sections(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Title -> entries (how it is typed, what it does), in the order in which the command declares them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        if not getattr(parameter, "hidden", False):
            argument = parameter.param_type_name == "argument"
            title = parameter.rich_help_panel or ("Input" if argument else _REST)
            found.setdefault(title, []).append((_named(parameter), _told(parameter)))
    rest = found.pop(_REST, [])
    return {**found, (_REST if len(found) > 1 else "Options"): rest}


def _named(parameter: Any) -> str:
    """`-s, --style NAME`, `--[no-]verify`, `--resume/--restart`."""
    if parameter.param_type_name == "argument":
        return _value(parameter)
    names = sorted(parameter.opts, key=len)
    if parameter.secondary_opts:
        names = [both(parameter.opts[0], parameter.secondary_opts[0])]
    value = "" if parameter.is_flag else f" {_value(parameter)}"
    return ", ".join(names) + value


def both(flag: str, opposite: str) -> str:
    """A flag and its opposite: `--[no-]verify`, `--resume/--restart`."""
    name = flag.removeprefix("--")
    return f"--[no-]{name}" if opposite == f"--no-{name}" else f"{flag}/{opposite}"


def _value(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.rsplit("_")[-1].upper())


def _told(parameter: Any) -> str:
    """What it does, and what it is if it isn't given."""
    told = str(parameter.help or "")
    default = parameter.default
    if isinstance(default, bool) and parameter.secondary_opts:
        return f"{told} [{'on' if default else 'off'}]"
    if not parameter.show_default or default is None or isinstance(default, bool) or callable(default):
        return f"{told} Required." if parameter.required and parameter.param_type_name == "option" else told
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    return f"{told} [{shown}]"


def _entry(named: str, told: str, width: int) -> Iterator[str]:
    """An option beside what it does, or above it if it is long."""
    indent = " " * (_MARGIN + _OPTION)
    lines = textwrap.wrap(told, max(20, width - len(indent)), break_on_hyphens=False) or [""]
    first = f"{' ' * _MARGIN}{named}"
    if len(named) < _OPTION:
        yield f"{first:{len(indent)}}{lines.pop(0)}".rstrip()
    else:
        yield first
    yield from (indent + line for line in lines)


def _wrapped(text: str, width: int) -> str:
    paragraphs = (" ".join(p.split()) for p in text.strip().split("\n\n"))
    return "\n\n".join(textwrap.fill(p, width, break_on_hyphens=False) for p in paragraphs)


def _title(text: str) -> str:
    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[1m{text}\x1b[0m" if bold else text
