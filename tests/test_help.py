"""`--help` of every command, and what is said of a mistyped command line."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from stylize_video.cli import app
from stylize_video.commands.console import help_page
from tests.commands import refused, run

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def help_of(name: str, monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = run(*([] if name == "paint" else [name]), "--help")
    assert result.exit_code == 0
    return str(result.stdout).splitlines()


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_the_terminal(name: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = help_of(name, monkeypatch, columns)
    assert max(map(len, lines)) <= min(max(columns, 58), 100)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_tells_of_every_parameter_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = help_of(name, monkeypatch)
    for parameter in COMMANDS[name].params:
        named = parameter.metavar if parameter.param_type_name == "argument" else parameter.opts[0]
        if parameter.param_type_name == "option" and parameter.secondary_opts:
            named = help_page.both(named, parameter.secondary_opts[0])
        entry = re.compile(rf"  (-\w, )?{re.escape(named)}( |$)")
        assert len([line for line in lines if entry.match(line)]) == 1, named
    assert len([line for line in lines if line.startswith("  -h, --help")]) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_in_whole_sentences(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert re.fullmatch(r"[A-Z'].*[.)]", parameter.help, re.DOTALL), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_values_have_names_that_people_know(name: str) -> None:
    """PX, FILE, 0..1, and not the types of a programming language."""
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "argument" or not parameter.is_flag:
            assert parameter.metavar, parameter.name
            assert parameter.metavar not in {"TEXT", "INTEGER", "FLOAT", "PATH"}


MISTAKES = [
    ("INPUT is missing: a film or a picture", []),
    ("OUTPUT is missing: ", ["score", "a.mp4"]),
    ("too many arguments: 'b.mp4', 'c d'; give INPUT and options", ["a.mp4", "b.mp4", "c d"]),
    ("too many arguments: 'kandinsky'; give options alone", ["styles", "kandinsky"]),
    ("there is no option --stlye; did you mean --style", ["a.mp4", "--stlye", "monet"]),
    ("there is no option -z (", ["a.mp4", "-z"]),
    ("--style needs a value", ["a.mp4", "--style"]),
    ("--overwrite takes no value", ["a.mp4", "--overwrite=yes"]),
    ("--no-verify takes no value", ["a.mp4", "--no-verify=1"]),
    ("--max-size 'huge' is no whole number", ["a.mp4", "--max-size", "huge"]),
    ("--max-size '1e3' is no whole number", ["a.mp4", "--max-size", "1e3"]),
    ("--strength 'half' is no number", ["a.mp4", "--strength", "half"]),
]


@pytest.mark.parametrize(("message", "arguments"), MISTAKES, ids=[m for m, _ in MISTAKES])
def test_a_mistake_is_told_in_a_plain_line(message: str, arguments: list[str]) -> None:
    line = refused(2, message, *arguments)
    assert line.endswith("(--help lists the options)")


def test_values_are_read_by_their_kind() -> None:
    kinds: dict[str, Any] = {"--max-size": 64, "--strength": 0.5}
    for option, value in kinds.items():
        told = refused(1, "nothing.mp4: no such file", "nothing.mp4", option, value)
        assert option not in told
