"""Which options were typed: a value that is the default may have been asked for all the same."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

_typed: ContextVar[frozenset[str]] = ContextVar("options that were typed", default=frozenset())


def use(context: Any) -> None:
    """Remember what the command line has that typer has just read."""
    sources = ((name, context.get_parameter_source(name)) for name in context.params)
    _typed.set(frozenset(name for name, source in sources if getattr(source, "name", "") == "COMMANDLINE"))


def names() -> frozenset[str]:
    """Of the options and arguments that were typed."""
    return _typed.get()
