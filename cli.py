"""The program: its commands, put together. Nothing they import brings torch before it must."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from stylize_video.commands import batch, check, live, paint, score, styles, texture, train
from stylize_video.commands.console.command_line import PAINT, Command, MainJobGroup

app = typer.Typer(
    cls=MainJobGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command(
    PAINT,
    cls=Command,
    hidden=True,
    epilog="Other commands: `batch` paints many films, `live` paints a camera, `styles` lists the styles, "
    "`train` learns a new one, `score` measures what came out, `check` verifies that nothing was lost, "
    "`texture` makes more of a picture; each has a --help. A film called 'styles' is given as ./styles.",
)(paint.paint)
app.command("batch", cls=Command)(batch.batch)
app.command("live", cls=Command)(live.live)
app.command("styles", cls=Command)(styles.list_styles)
app.command("train", cls=Command)(train.train)
app.command("score", cls=Command)(score.score_film)
app.command("check", cls=Command)(check.check_film)
app.command("texture", cls=Command)(texture.texture)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits."""
    app(arguments, prog_name="stylize-video")
