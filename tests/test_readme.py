"""The README's and the documentation's commands: options that there are, and outputs that don't collide."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from stylize_video.cli import app

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def commands(page: str) -> list[list[str]]:
    """The words of each `stylize-video ...` in the page's blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words and words[0] == "stylize-video"]


def parsed(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The command that is called, and what it is called with."""
    name = words[0] if words[0] in COMMANDS else "paint"
    command = COMMANDS[name]
    arguments = words[1:] if name == words[0] else list(words)
    return name, command.make_context(name, arguments, resilient_parsing=True).params


def options_of(name: str) -> set[str]:
    """A command's, as they are typed."""
    return {"--help", *(opt for p in COMMANDS[name].params for opt in (*p.opts, *p.secondary_opts))}


@pytest.mark.parametrize("page", PAGES)
def test_every_option_exists(page: str) -> None:
    for words in commands(page):
        name, _ = parsed(words)
        assert {word.split("=")[0] for word in words if word.startswith("-")} <= options_of(name), words
    prose = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    known = set().union(*map(options_of, COMMANDS))
    assert set(re.findall(r"`(--[a-z][a-z-]*)", prose)) <= known


def test_every_folder_and_file_that_contributing_names_is_there() -> None:
    rows = re.findall(
        r"^\| (`[^|]+`) \|[^|]+\|([^|]*)\|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    named = [(re.findall("`([^`]+)`", column) for column in row) for row in rows]
    assert len(named) > 20
    for places, files in named:
        folder = next(iter(there := list(places)))
        assert all((ROOT / place).exists() for place in there), there
        for file in files:
            assert (ROOT / (folder if folder.endswith("/") else "") / file).exists(), (folder, file)


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text()):
        assert "://" in link or (ROOT / page).parent.joinpath(link).exists(), link


def test_the_readmes_commands_can_be_run_one_after_the_other() -> None:
    """None writes a file that an earlier one has written, which would be refused."""
    outputs: Counter[str] = Counter()
    for words in commands("README.md"):
        name, given = parsed(words)
        if name == "paint" and given.get("input") is not None:
            called_after = (given["input"], given["style"], given["region"], given["guide"])
            outputs[str(given["output"] or called_after)] += 1
    assert len(outputs) >= 12
    assert max(outputs.values()) == 1, outputs


def test_the_page_of_options_is_up_to_date(benchmark: Callable[[str], Any]) -> None:
    assert (ROOT / "docs" / "options.md").read_text("utf-8") == benchmark("options_page").page(), (
        "run: python benchmarks/options_page.py --write"
    )
