"""What commands share: the main job's missing name, one line for each error, exit codes, and the console."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, TyperException

from stylize_video.commands.console import flags
from stylize_video.commands.console.flags import spelled
from stylize_video.errors import StylizeVideoError, UsageError
from stylize_video.models import styles
from stylize_video.process import signals
from stylize_video.process.last_net import describe
from stylize_video.process.terminal import shown

if TYPE_CHECKING:
    from rich.console import Console

PAINT = "paint"  # the main job's own name; users leave it out
_COMPLETION = ("--install-completion", "--show-completion")  # options of the whole program
_LONGEST = 1000  # characters of a line; more was given as an argument, or comes from a broken file


class MainJobGroup(TyperGroup):
    """A group whose main job needs no name: `stylize-video INPUT` is the job, not a subcommand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the main job's name in front unless a subcommand is named."""
        if not args or args[0] not in {*self.commands, *_COMPLETION}:
            args = [PAINT, *args]
        return super().parse_args(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run, with typer's own complaints, and whatever else is raised, as one line like all others."""
        given = sys.argv[1:] if args is None else list(args)
        try:
            code = super().main(given, *rest, **{**extra, "standalone_mode": False})
        except TyperException as error:
            message = error.format_message() if hasattr(error, "format_message") else str(error)
            code = _tell(f"{message} (--help lists the options)", 2, as_json="--json" in given)
        except Abort:
            code = signals.exit_code()
        except Exception as error:
            if _debugging():
                raise
            code = _tell(describe(error), 1, as_json="--json" in given)
        sys.exit(code or 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the subcommand; the main job goes by the program's own name in messages."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == PAINT else name), command, rest


class Command(TyperCommand):
    """A command, whose own options are spelled as flags in what it says."""

    def invoke(self, ctx: Any) -> Any:
        """Run it."""
        flags.use(self, ctx.parent.command)
        return super().invoke(ctx)


class MainJob(Command):
    """The main job's command, whose usage line shows no subcommand."""

    def get_usage(self, ctx: Any) -> str:
        """The usage line without the blank that stands for the missing name."""
        return " ".join(super().get_usage(ctx).split())


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Callable[[str], None]]:
    """Turn what a command raises into one line on stderr and the right exit code."""
    try:
        yield lambda line: print(shown(spelled(line)), file=sys.stderr)
    except StylizeVideoError as error:
        if _debugging():
            raise
        _fail(str(error), 2 if isinstance(error, UsageError) else 1, as_json=as_json)
    except KeyboardInterrupt as interrupt:
        # Of a film: where its painted part lies. Of anything else there is no such thing.
        partial, frames = getattr(interrupt, "partial", None), getattr(interrupt, "frames", 0)
        painted = "1 painted frame lies" if frames == 1 else f"{frames} painted frames lie"
        kept = f"; {painted} in {partial}" if partial else ""
        again = "; --resume goes on from the last finished keyframe"
        kept += again if getattr(interrupt, "resumable", False) else ""
        _fail(f"interrupted{kept}", signals.exit_code(), as_json=as_json)


def _fail(message: str, code: int, *, as_json: bool) -> NoReturn:
    raise typer.Exit(_tell(message, code, as_json=as_json))


def _tell(message: str, code: int, *, as_json: bool) -> int:
    """Print an error, in a line; the exit code."""
    line = " ".join(spelled(message).split())  # one line, whatever a library's message held
    line = shown(line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ...")
    print(f"stylize-video: {line}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": line, "exit_code": code}))
    return code


def _debugging() -> bool:
    return os.environ.get("STYLIZE_VIDEO_DEBUG") == "1"


def style_names() -> list[str]:
    """What a shell completes a style's name by."""
    return list(styles.available())


def console() -> Console:
    """Stdout, for tables. What they hold is no markup, and commands no terminal."""
    from rich.console import Console
    from rich.text import Text

    class Plain(Console):
        def render_str(self, text: str, **rest: Any) -> Text:
            return super().render_str(shown(text), **{**rest, "markup": False})

    stdout = Plain(markup=False, emoji=False, highlight=False)
    if not stdout.is_terminal:
        stdout.width = 200  # for a file or a pipe, nothing is wrapped
    return stdout


def share_the_cores() -> None:
    """Let torch's threads sleep while they wait. To be called before torch is imported.

    By default libgomp's spin, and take the cores from the decoder and the encoder: on two busy cores a
    frame took nine times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
