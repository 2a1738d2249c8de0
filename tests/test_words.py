"""Messages and docstrings: options by their names in backticks, and flags on the command line alone."""

from __future__ import annotations

import ast
import contextvars
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from stylize_video.cli import app
from stylize_video.commands.console import flags, summary
from stylize_video.commands.console.flags import spelled

ROOT = Path(__file__).parents[1]
LIBRARY = ("pipeline", "models", "pictures", "files", "process")  # everything below commands/
# Not the arrows in a drawing of threads; of short ones, those that messages have spoken of.
FLAG = re.compile(r"(?<![\w`-])(?:--[a-z]+(?:-[a-z]+)*|-[os])(?![\w>-])")
STYLE_SHEET = ROOT / "pipeline" / "scoring" / "page" / "look.py"  # CSS, whose variables look the same


def strings() -> Iterator[tuple[str, str]]:
    """Where each string of the library is, and what it says."""
    for folder in LIBRARY:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path != STYLE_SHEET:
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_flags_are_spelled_by_commands_alone() -> None:
    found = [f"{place}: {flag}" for place, text in strings() for flag in FLAG.findall(text)]
    assert not found


def test_the_test_above_would_find_one() -> None:
    assert FLAG.findall("use --max-size, or\n--device cpu (--json)") == ["--max-size", "--device", "--json"]
    assert not FLAG.findall("reader --frames--> [channel]; a--b")


@pytest.fixture
def command() -> str:
    """The name of a command whose flags are spelled, here `train`."""
    group = typer.main.get_command(app)
    flags.use(group.commands["train"], lambda: group.commands)
    return "train"


def test_an_option_in_backticks_becomes_its_flag(command: str) -> None:
    assert spelled("lower `learning_rate`, or name another with `output`.") == (
        "lower --learning-rate, or name another with -o."
    )
    assert spelled("(`mixable` and `device` cpu)") == "(--mixable and --device cpu)"


def test_what_a_command_calls_otherwise_is_spelled_its_way(command: str) -> None:
    assert spelled("no frame at or after `start`") == "no frame at or after --from"


def test_a_word_that_somebody_typed_in_backticks_is_no_option() -> None:
    group = typer.main.get_command(app)
    typed = ["a `output` b.jpg", None, [Path("`mixable``seed`")]]
    flags.use(group.commands["train"], lambda: group.commands, typed)
    assert spelled("a `output` b.jpg: `mixable` or `seed`; add `overwrite`") == (
        "a `output` b.jpg: `mixable` or `seed`; add --overwrite"
    )


def test_another_commands_options_are_spelled_too(command: str) -> None:
    assert spelled("use a smaller `max_size`") == "use a smaller --max-size"


def test_what_is_no_option_stays_as_it_is(command: str) -> None:
    inside = ("a`mixable`moon.mp4: no such file", "/tmp/`mixable`.mp4")
    for text in ("no `nonsense`", *inside, "`mixable", "`Mixable`"):
        assert spelled(text) == text


def test_without_a_command_nothing_is_spelled() -> None:
    assert contextvars.Context().run(spelled, "use `max_size`") == "use `max_size`"


@pytest.mark.parametrize("name", ["Weights", "View", "Painter", "Painting", "Path", "Moments"])
def test_a_bare_word_names_one_thing(name: str) -> None:
    """Classes and aliases of that name in the whole package."""
    defined = re.compile(rf"^(?:class {name}\b|{name} = )", re.MULTILINE)
    found = [
        path
        for folder in LIBRARY
        for path in (ROOT / folder).rglob("*.py")
        if defined.search(path.read_text())
    ]
    assert len(found) <= (name != "Path"), found  # pathlib has one


def test_notes_of_a_run_are_spelled_in_json_too(command: str) -> None:
    profile = SimpleNamespace(first_frame=0.0, times={})
    known = {"output": "a.mp4", "frames": 1, "damaged": 0, "seconds": 1.0, "verified": None, "before": 0}
    done = SimpleNamespace(**known, profile=profile, notes=("interlaced; `deinterlace` makes whole frames",))
    told = summary.as_json(done, "udnie", draft=True)  # type: ignore[arg-type]
    assert told["draft"] is True
    assert told["notes"] == ["interlaced; --deinterlace makes whole frames"]
