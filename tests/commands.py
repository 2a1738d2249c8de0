"""The command line run in process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from stylize_video import cli

# The last net's mark of an error that was not raised on purpose: most likely a mistake of ours.
UNFORESEEN = "STYLIZE_VIDEO_DEBUG=1 shows where"
UNDER_WAY = ("loading the networks and ", "training: ")


def run(*arguments: object, unforeseen: bool = False) -> Any:
    """A command's result: exit_code, stdout, stderr.

    Args:
        arguments: the command's.
        unforeseen: whether it may end in an error that nobody foresaw.
    """
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], prog_name="stylize-video")
    assert unforeseen or UNFORESEEN not in result.stderr, result.stderr
    return result


def refused(code: int, message: str, *arguments: object, unforeseen: bool = False) -> str:
    """The one line on stderr of a command that must fail; a training may have said before what it does."""
    result = run(*arguments, unforeseen=unforeseen)
    assert result.exit_code == code, result.output
    lines = [line for line in result.stderr.strip().splitlines() if not line.startswith(UNDER_WAY)]
    assert len(lines) == 1, result.stderr
    assert message in lines[0]
    assert result.stdout == ""
    return str(lines[0])


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}
