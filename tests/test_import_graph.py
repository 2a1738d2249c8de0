"""Who imports whom: no circle, no arrow up; what CONTRIBUTING draws and tells of it is the house of today."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def import_graph(benchmark: Callable[[str], Any]) -> Any:
    """The program that draws it."""
    return benchmark("import_graph")


def test_no_circle(import_graph: Any) -> None:
    assert import_graph.circles(import_graph.graph()) == []


def test_no_arrow_up(import_graph: Any) -> None:
    assert import_graph.arrows_up(import_graph.graph()) == []


def test_models_know_neither_containers_nor_the_pipeline(import_graph: Any) -> None:
    guilty = [
        name
        for name, path in import_graph.modules().items()
        if name.startswith("models") and {"av", "pipeline"} & set(import_graph.outside(path))
    ]

    assert guilty == []


def _house(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    return root


def test_a_circle_by_way_of_a_third_folder_is_found(import_graph: Any, tmp_path: Path) -> None:
    root = _house(
        tmp_path,
        pipeline__sources__film="from stylize_video.pipeline.planes import color",
        pipeline__planes__color="def late():\n    from stylize_video.pipeline.clocks.survey import find",
        pipeline__clocks__survey="import stylize_video.pipeline.sources.film",
        pipeline__channel="",
    )

    found = import_graph.circles(import_graph.graph(root))

    assert found == [["pipeline.clocks", "pipeline.planes", "pipeline.sources"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("models__wct__painter", "pipeline.frames"),
        ("pipeline__channel", "pipeline.jobs.film"),
        ("files__partial", "pipeline.channel"),
        ("process__terminal", "files.partial"),
    ],
)
def test_an_arrow_up_is_found(import_graph: Any, tmp_path: Path, one: str, other: str) -> None:
    root = _house(
        tmp_path,
        **{one: f"import stylize_video.{other}"},
        **{other.replace(".", "__"): "", "commands__paint": "import stylize_video.pipeline.jobs"},
    )

    (arrow,) = import_graph.arrows_up(import_graph.graph(root))

    assert one.startswith(arrow[0].replace(".", "__"))


def test_contributing_holds_todays_drawing(import_graph: Any) -> None:
    text = import_graph.CONTRIBUTING.read_text(encoding="utf-8")
    held = text.partition(import_graph.BEGIN)[2].partition(import_graph.END)[0].strip()

    assert held == import_graph.drawing(import_graph.graph()), (
        "the house has changed: run `python benchmarks/import_graph.py --write`"
    )


@pytest.mark.parametrize("option", ["stability", "style", "method"])
def test_the_way_of_an_option_is_told_file_by_file(import_graph: Any, option: str) -> None:
    text = import_graph.CONTRIBUTING.read_text(encoding="utf-8")
    [(_, way)] = re.findall(rf"(The way|That) of `--{option}\b[^\n]*\n\n((?:\d\. .*\n)+)", text)
    files = re.findall(r"^\d\. (?:by )?`([^`]+)`", way, re.MULTILINE)

    assert 5 <= len(files) == len(way.splitlines()) <= 8
    assert [file for file in files if not (import_graph.ROOT / file).is_file()] == []
