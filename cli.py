"""The program: its commands, put together. Nothing they import brings torch before it must."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import typer

from stylize_video.commands.console.command_line import COMPLETION, PAINT, Command, MainJobGroup

_NAME = "stylize-video"
_COMPLETING = "_STYLIZE_VIDEO_COMPLETE"  # set by a shell that asks what may follow
_COMMANDS = {  # each one's module and function; a module is imported where its command is asked for
    PAINT: ("paint", "paint"),
    "batch": ("batch", "batch"),
    "live": ("live", "live"),
    "styles": ("styles", "list_styles"),
    "train": ("train", "train"),
    "score": ("score", "score_film"),
    "check": ("check", "check_film"),
    "texture": ("texture", "texture"),
}
_OTHERS = (
    "Other commands: `batch` paints many films, `live` paints a camera, `styles` lists the styles, "
    "`train` learns a new one, `score` measures what came out, `check` verifies that nothing was lost, "
    "`texture` makes more of a picture; each has a --help. A film called 'styles' is given as ./styles."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits. Only the command that is asked for is imported: all take longer."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if _COMPLETING in os.environ or not COMPLETION.isdisjoint(given[:1]):
        _whole()(given, prog_name=_NAME)
        return
    group = typer.main.get_group(_program([given[0] if given and given[0] in _COMMANDS else PAINT]))
    assert isinstance(group, MainJobGroup)
    group.everybody = _everybody
    group(given, prog_name=_NAME)


def __getattr__(name: str) -> Any:
    """`app`: the whole program, for who asks for more than to run one command of it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    return _whole()


def _program(names: Iterable[str]) -> typer.Typer:
    """The program with some of its commands."""
    app = typer.Typer(
        cls=MainJobGroup,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for name in names:
        module, function = _COMMANDS[name]
        command = getattr(importlib.import_module(f"stylize_video.commands.{module}"), function)
        is_main = name == PAINT
        app.command(name, cls=Command, hidden=is_main, epilog=_OTHERS if is_main else None)(command)
    return app


@cache
def _whole() -> typer.Typer:
    return _program(_COMMANDS)


def _everybody() -> Mapping[str, Any]:
    """All commands, as typer has them."""
    group = typer.main.get_command(_whole())
    assert isinstance(group, MainJobGroup)
    return group.commands
