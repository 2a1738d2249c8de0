"""What commands share: the main job's missing name, one line for each error, exit codes, and the console."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, TyperException

from stylize_video.commands.console import complaints, flags, help_page, typed, values
from stylize_video.commands.console.flags import spelled
from stylize_video.errors import StylizeVideoError, UsageError
from stylize_video.models import styles
from stylize_video.process import circles, signals
from stylize_video.process.last_net import describe
from stylize_video.process.terminal import shown

if TYPE_CHECKING:
    from rich.console import Console

PAINT = "paint"  # the main job's own name; users leave it out
COMPLETION = frozenset({"--install-completion", "--show-completion"})  # options of the whole program
_LONGEST = 1000  # characters of a line; more was given as an argument, or comes from a broken file


class MainJobGroup(TyperGroup):
    """A group whose main job needs no name: `stylize-video INPUT` is the job, not a subcommand.

    Attributes:
        everybody: gives all commands that there are; None: they are all in it.
    """

    everybody: Callable[[], Mapping[str, Any]] | None = None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the main job's name in front unless a subcommand is named."""
        if not args or args[0] not in {*self.commands, *COMPLETION}:
            args = [PAINT, *args]
        values.take_over(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run, with what is wrong with the command line, and whatever else is raised, as one line."""
        given = sys.argv[1:] if args is None else list(args)
        try:
            code = super().main(given, *rest, **{**extra, "standalone_mode": False})
        except (TyperException, UsageError) as error:
            message = complaints.in_words(error) if isinstance(error, TyperException) else str(error)
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
    """A command: its values are read, its help and its messages are written, as this package does it."""

    allow_extra_args = True  # so that it is said here what is wrong with them

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: there are more arguments than the command has a use for.
        """
        values.take_over(self.get_params(ctx))
        try:
            more = super().parse_args(ctx, args)
        except TyperException as error:
            vars(error).setdefault("command", self)  # which the parser does not always tell
            raise
        if more and not ctx.resilient_parsing:  # as a shell asks what may follow
            raise UsageError(complaints.too_many(more, self.params))
        return more

    def invoke(self, ctx: Any) -> Any:
        """Run, and spell options as flags from now on."""
        typed.use(ctx)
        group = ctx.parent.command
        flags.use(self, group.everybody or (lambda: group.commands), ctx.params.values())
        if ctx.info_name:  # the main job has none; it has more to import
            circles.as_usual()
        return super().invoke(ctx)

    def get_help(self, ctx: Any) -> str:
        """The help page, in sections."""
        return help_page.page(self, ctx)

    def get_usage(self, ctx: Any) -> str:
        """How it is called, without the blank that stands for the main job's name."""
        return help_page.usage(self, ctx)


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
        again = "; the same command goes on from what is finished"
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
