"""The command line run in process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from stylize_video import cli


def run(*arguments: object) -> Any:
    """A command's result: exit_code, stdout, stderr."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], prog_name="stylize-video")


def refused(code: int, message: str, *arguments: object) -> str:
    """The one line on stderr of a command that must fail."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert message in lines[0]
    assert result.stdout == ""
    return lines[0]


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}
