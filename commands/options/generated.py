"""A command's options, made of the fields that declare them: see `stylize_video.option`."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any

import typer

from stylize_video.option import Declared

Completions = dict[str, Callable[[], list[str]]]  # by option: what a shell completes its value by


def with_options(
    function: Callable[..., None],
    declared: Iterable[Declared],
    *,
    panels: Sequence[str],
    arguments: Sequence[str] = (),
    completions: Completions | None = None,
) -> Callable[..., None]:
    """The same function, whose signature has an option for each that is declared, before its own.

    Args:
        function: takes them by their names; what it has beside `**values` are further options of its own.
        declared: the options.
        panels: of --help, in their order.
        arguments: the names of those that are no options, but arguments.
        completions: of their values.
    """
    own = inspect.signature(function, eval_str=True).parameters.values()
    made = [_parameter(each, completions or {}, argument=each.name in arguments) for each in declared]
    parameters = [*made, *(p for p in own if p.kind is not p.VAR_KEYWORD)]
    parameters.sort(key=lambda parameter: _place(parameter, panels))

    def command(**values: Any) -> None:
        function(**values)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _place(parameter: inspect.Parameter, panels: Sequence[str]) -> int:
    """Arguments first, then panel by panel."""
    told = parameter.annotation.__metadata__[0]
    return panels.index(told.rich_help_panel) if isinstance(told, typer.models.OptionInfo) else -1


def _parameter(each: Declared, completions: Completions, *, argument: bool) -> inspect.Parameter:
    told = _argument(each) if argument else _option(each, completions.get(each.name))
    return inspect.Parameter(
        each.field.name if keyword.iskeyword(each.name) else each.name,  # `from` can't be a parameter's
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if each.default is MISSING else shown_default(each),
        annotation=Annotated[_kind(each), told],
    )


def _argument(each: Declared) -> Any:
    return typer.Argument(metavar=each.option.metavar, help=each.option.help, show_default=False)


def _option(each: Declared, completion: Callable[[], list[str]] | None) -> Any:
    known = each.option
    return typer.Option(
        *flag_words(each),
        help=described(each),
        rich_help_panel=known.panel,
        metavar=known.metavar or _value(each),
        show_default=each.plain is not bool and shown_default(each) is not None,
        autocompletion=completion,
    )


def _kind(each: Declared) -> Any:
    """What typer reads it as: what has a notation of its own is a text until the request reads it."""
    if each.option.repeats:
        return list[str] | None
    kind = str if each.option.notation is not None else each.plain
    return kind | None if shown_default(each) is None else kind


def shown_default(each: Declared) -> Any:
    """What the option is by default, as one would type it; None: nothing."""
    if each.option.repeats:
        return None
    return None if each.default is None and each.option.usual else each.written(each.default)


_VALUES = {int: "N", float: "NUMBER", Path: "FILE"}  # as people know them


def _value(each: Declared) -> str:
    """What is typed after the option: `0..1`, `PX`, `FILE`."""
    known = each.option
    if known.choices:
        return "NAME"
    if known.least is not None and known.most is not None:
        return f"{known.least:g}..{known.most:g}"
    return known.unit.upper() if known.unit == "px" else _VALUES.get(each.plain, "NAME")


def described(each: Declared) -> str:
    """Its help, with the choices that there are and what stands for nothing."""
    known = each.option
    said = [known.help]
    if known.choices and not all(choice in known.help for choice in known.choices):
        said.append(f"One of {known.range}.")
    if shown_default(each) is None and known.usual:
        said.append(f"Default: {known.usual}.")
    return " ".join(said)


def flag_words(each: Declared) -> tuple[str, ...]:
    """How an option is typed: `--stabilize/--no-stabilize`, or `--style` and `-s`."""
    long = f"--{each.name.replace('_', '-')}"
    if each.option.off or each.option.opposite:
        return (f"{long}/--{each.option.opposite or f'no-{long[2:]}'}",)
    return (long, f"-{each.option.short}") if each.option.short else (long,)
