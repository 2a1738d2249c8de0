#!/usr/bin/env python3
"""Writes docs/options.md: every option of every command, and the page that tells more of it.

    python benchmarks/options_page.py            # the page
    python benchmarks/options_page.py --write    # put it there

It holds what --help says, which is made of the fields that declare the options; so there is one place to
search, and nothing to keep in step by hand.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from stylize_video.cli import app
from stylize_video.commands.console import help_page

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "options.md"
COMMANDS = ("paint", "batch", "live", "train", "score", "check", "styles", "texture")
OPENING = """# All options

What `--help` says, and where there is more to read. `benchmarks/options_page.py --write` makes this page.
"""


def page() -> str:
    """The whole of it, in Markdown."""
    told = {path: path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")) if path != PAGE}
    return "\n".join([OPENING, *(line for name in COMMANDS for line in _command(name, told))])


def _command(name: str, told: dict[Path, str]) -> Iterator[str]:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    called = "stylize-video" if name == "paint" else f"stylize-video {name}"
    context = command.make_context(called, [], resilient_parsing=True)
    yield f"## `{help_page.usage(command, context).removeprefix('Usage: ')}`\n\n{command.help}\n"
    for title, entries in help_page.sections(command, context).items():
        yield f"| {title} | | more |\n| --- | --- | --- |"
        for named, text in entries:
            yield f"| `{named}` | {_escaped(text)} | {_more(named, told)} |"
        yield ""


def _more(named: str, told: dict[Path, str]) -> str:
    """Links to the pages that speak of an option."""
    found = re.search(r"--(?:\[no-\])?([a-z][a-z-]*)", named)
    if found is None or found[1] == "help":
        return ""
    spoken_of = re.compile(rf"--(?:no-)?{found[1]}(?![\w-])")
    return ", ".join(f"[{path.stem}]({path.name})" for path, text in told.items() if spoken_of.search(text))


def _escaped(text: str) -> Any:
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the page into docs/")
    if parser.parse_args().write:
        PAGE.write_text(page(), "utf-8")
    else:
        print(page(), end="")


if __name__ == "__main__":
    main()
