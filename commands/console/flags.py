"""The command line's spelling of options: in messages, `max_size` in backticks becomes --max-size.

What raises an error or takes a note knows options by their fields' names, as users of the Python API do. So
the rest of the package says "use a smaller `max_size`", and whoever prints it here puts the flag in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_IN_BACKTICKS = re.compile(r"(?<![^\s(])`([a-z][a-z0-9_]*)`(?![^\s,.;:)])")  # a word, not a part of one
_TYPED = re.compile(r"`([a-z][a-z0-9_]*)(?=`)")
_SHORT = {"output": "-o"}  # what is usually typed


@dataclass
class _Spelling:
    """How a command's options are typed, and those of others."""

    own: Mapping[str, str]  # by name
    typed: frozenset[str]  # words in backticks that are no option's name
    everybody: Callable[[], Mapping[str, Any]]

    @cached_property
    def others(self) -> Mapping[str, str]:
        """Asked for only where a message speaks of one: it takes longer than most messages."""
        return {name: flag for other in self.everybody().values() for name, flag in _flags(other)}

    def of(self, word: str) -> str | None:
        """An option's flag; None if the word is no option's name."""
        if word in self.typed:
            return None
        return self.own.get(word) or self.others.get(word)


_used: ContextVar[_Spelling | None] = ContextVar("flags of the command that runs", default=None)


def use(command: Any, everybody: Callable[[], Mapping[str, Any]], given: Iterable[Any] = ()) -> None:
    """From now on, spell options as a command has them; those it has not, as others have them.

    Args:
        command: typer's, that runs.
        everybody: gives all commands.
        given: what was typed; a word in backticks there, as in a file's name, is no option's name.
    """
    typed = frozenset(word for value in given for word in _TYPED.findall(str(value)))
    _used.set(_Spelling({**dict(_flags(command)), **_SHORT}, typed, everybody))


def spelled(message: str) -> str:
    """A message with the flags of the command that runs; other words in backticks stay."""
    used = _used.get()
    return message if used is None else _IN_BACKTICKS.sub(lambda word: used.of(word[1]) or word[0], message)


def _flags(command: Any) -> Iterator[tuple[str, str]]:
    """Each option's name, and the flag that people know it by, and its opposite's; arguments have none."""
    for parameter in command.params:
        if parameter.param_type_name == "option":
            yield parameter.name, max(parameter.opts, key=len)
            yield from ((flag.lstrip("-").replace("-", "_"), flag) for flag in parameter.secondary_opts)
