"""What is wrong with a command line, in plain words: typer's errors as a sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from typer.exceptions import TyperException


def in_words(error: TyperException) -> str:
    """What a usage error says; its `command` is whose command line it is about."""
    kind, command = type(error).__name__, getattr(error, "command", None)
    if kind == "MissingParameter":
        return _missing(getattr(error, "param", None)) or _its_own(error)
    if kind == "NoSuchOption":
        return _unknown(error)
    if kind == "BadOptionUsage" and command is not None:
        return _misused(getattr(error, "option_name", ""), command.params) or _its_own(error)
    return _its_own(error)


def too_many(given: Sequence[str], parameters: Iterable[Any]) -> str:
    """What is said of arguments that a command has no use for."""
    wanted = " ".join(p.metavar for p in parameters if p.param_type_name == "argument")
    what = f"{wanted} and options" if wanted else "options alone"
    return f"too many arguments: {', '.join(map(repr, given))}; give {what}"


def _missing(parameter: Any) -> str | None:
    if parameter is None:
        return None
    name = parameter.metavar or ""
    if parameter.param_type_name == "option":
        name = f"{parameter.opts[0]} {name}".rstrip()
    told = str(parameter.help or "").rstrip(".")
    return f"{name} is missing: {told[:1].lower()}{told[1:]}"


def _unknown(error: Any) -> str:
    alike = " or ".join(error.possibilities or ())
    return f"there is no option {error.option_name}" + (f"; did you mean {alike}?" if alike else "")


def _misused(name: str, parameters: Iterable[Any]) -> str | None:
    for parameter in parameters:
        if name in (*parameter.opts, *parameter.secondary_opts):
            if parameter.is_flag:
                return f"{name} takes no value"
            return f"{name} needs a value" + (f": {parameter.metavar}" if parameter.metavar else "")
    return None


def _its_own(error: Any) -> str:
    return str(error.format_message() if hasattr(error, "format_message") else error)
