"""What is typed after an option, as the value that its type asks for.

In the place of typer's own conversion, which takes a tenth of a second to load (pydantic) before it can read
a number, and says "Input should be a valid integer, unable to parse string as an integer".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

from stylize_video.errors import UsageError


def take_over(parameters: Iterable[Any]) -> None:
    """Read the values of a command's parameters by `Reader`, those of kinds that it knows.

    Args:
        parameters: typer's; a version of it that keeps its conversion elsewhere goes on using its own.
    """
    for parameter in parameters:
        annotation = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
        kind = get_args(annotation)[0] if get_origin(annotation) is list else annotation
        if kind in _KINDS and hasattr(parameter, "_runtime_param"):
            parameter._runtime_param = Reader(*_KINDS[kind])


class Reader(NamedTuple):
    """Reads values of one kind."""

    read: Callable[[Any], Any]  # raises ValueError
    called: str  # as people know it: "whole number"

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:  # noqa: ARG002 - typer's signature
        """A value, or all of a repeatable option, or None if there is none.

        Raises:
            UsageError: one is of another kind.
        """
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        return [self._one(v, param) for v in value] if several else self._one(value, param)

    def _one(self, value: Any, parameter: Any) -> Any:
        try:
            return self.read(value)
        except (ValueError, OverflowError) as error:
            raise UsageError(f"{parameter.opts[0]} {value!r} is no {self.called}") from error


_KINDS: dict[Any, tuple[Callable[[Any], Any], str]] = {
    bool: (bool, "yes or no"),  # flags have been read already
    str: (str, "text"),
    Path: (Path, "path"),
    int: (int, "whole number"),
    float: (float, "number"),
}
