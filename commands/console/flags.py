"""The command line's spelling of options: in messages, `max_size` in backticks becomes --max-size.

What raises an error or takes a note knows options by their fields' names, as users of the Python API do. So
the rest of the package says "use a smaller `max_size`", and whoever prints it here puts the flag in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

_IN_BACKTICKS = re.compile(r"(?<![^\s(])`([a-z][a-z0-9_]*)`(?![^\s,.;:)])")  # a word, not a part of one
_TYPED = re.compile(r"`([a-z][a-z0-9_]*)(?=`)")
_SHORT = {"output": "-o"}  # what is usually typed

_known: ContextVar[Mapping[str, str] | None] = ContextVar("flags of the command that runs", default=None)


def use(command: Any, group: Any, given: Iterable[Any] = ()) -> None:
    """From now on, spell options as a command has them; those it has not, as others of its group do.

    Args:
        command: typer's, that runs.
        group: the program, which has the others.
        given: what was typed; a word in backticks there, as in a file's name, is no option's name.
    """
    everybodys = {name: flag for other in group.commands.values() for name, flag in _flags(other)}
    typed = {word for value in given for word in _TYPED.findall(str(value))}
    known = {**everybodys, **dict(_flags(command)), **_SHORT}
    _known.set({name: flag for name, flag in known.items() if name not in typed})


def spelled(message: str) -> str:
    """A message with the flags of the command that runs; other words in backticks stay."""
    flags = _known.get() or {}
    return _IN_BACKTICKS.sub(lambda found: flags.get(found[1], found[0]), message)


def _flags(command: Any) -> Iterator[tuple[str, str]]:
    """Each option's name, and the flag that people know it by, and its opposite's; arguments have none."""
    for parameter in command.params:
        if parameter.param_type_name == "option":
            yield parameter.name, max(parameter.opts, key=len)
            yield from ((flag.lstrip("-").replace("-", "_"), flag) for flag in parameter.secondary_opts)
