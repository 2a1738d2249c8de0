"""`stylize-video score`: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from stylize_video.pipeline.scoring.figures import Figures
from stylize_video.pipeline.scoring.options import ScoreOptions
from tests import media
from tests.commands import names, refused, run


@pytest.fixture
def films(tmp_path: Path) -> tuple[Path, Path]:
    """A film with sound, and a copy without, of which the last frames are missing."""
    source = media.constant(tmp_path, count=12).path
    return source, media.constant(tmp_path, count=10, name="painted.mkv").path


def test_a_table_on_stdout(films: tuple[Path, Path]) -> None:
    result = run("score", *films)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["output", "input", "ratio"]
    assert lines[1].startswith(" warping error")
    assert "10 of 12 frames of the input are in the output, at equal times" in lines
    assert "2 frames are missing: at 0:00.40, 0:00.44" in lines
    assert any(line.startswith("stream 1 (audio, aac): ") for line in lines)
    assert names(films[0].parent) == {"constant.mp4", "painted.mkv"}


def test_a_file_is_not_wrapped(films: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")  # of a terminal, which a pipe is not
    assert max(map(len, run("score", *films).stdout.splitlines())) > 50


def _numbers(told: Any) -> list[float]:
    """All numbers in what JSON held."""
    if isinstance(told, dict):
        return [number for value in told.values() for number in _numbers(value)]
    if isinstance(told, list):
        return [number for value in told for number in _numbers(value)]
    return [told] if isinstance(told, (int, float)) else []


def test_json_is_one_object_of_finite_numbers(films: tuple[Path, Path]) -> None:
    result = run("score", *films, "--json")
    told = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} in it"))
    assert set(told["film"]) == {field.name for field in fields(Figures)}
    assert len(told["shots"]) == 1
    assert told["frames"]["paired"] == 10
    assert told["frames"]["first_missing_s"] == [0.4, 0.44]
    assert told["streams"][0]["result"] in ("identical", "other packets")
    assert told["curves"]["warping_error"][0] is None
    assert len(told["curves"]["time_s"]) == 10
    assert told["distances"] is None
    assert all(map(math.isfinite, _numbers(told)))


def test_quiet_says_nothing(films: tuple[Path, Path]) -> None:
    result = run("score", *films, "--quiet", "--html", films[0].with_name("page.html"))
    assert (result.exit_code, result.output) == (0, "")


def test_the_page_is_written_once(films: tuple[Path, Path]) -> None:
    page = films[0].with_name("page.html")
    result = run("score", *films, "--html", page)
    assert f"wrote {page}" in result.stderr
    assert "<!DOCTYPE html>" in page.read_text("utf-8")
    page.write_bytes(b"precious")
    refused(1, "page.html: exists; add --overwrite", "score", *films, "--html", page)
    assert page.read_bytes() == b"precious"
    assert run("score", *films, "--html", page, "--overwrite").exit_code == 0
    assert page.read_bytes() != b"precious"


def test_mistaken_requests(films: tuple[Path, Path]) -> None:
    folder = films[0].parent
    refused(2, "max size 3 px is out of range", "score", *films, "--max-size", "3")
    refused(2, "did you mean 'kandinsky'", "score", *films, "--style", "kandinski")
    refused(1, "monet.jpg: no such picture of a painting", "score", *films, "--style", "monet.jpg")
    refused(1, "nothing.mp4: no such file", "score", folder / "nothing.mp4", films[1])
    refused(1, "nothing.mp4: no such file", "score", films[0], folder / "nothing.mp4")
    refused(1, "is a folder", "score", folder, films[1])
    refused(2, "ends in .html", "score", *films, "--html", films[1])
    refused(1, "no such folder", "score", *films, "--html", folder / "missing" / "page.html")
    refused(2, "OUTPUT is missing", "score", films[0])
    failed = run("score", *films, "--max-size", "3", "--json")
    assert json.loads(failed.stdout)["exit_code"] == 2
    assert names(folder) == {"constant.mp4", "painted.mkv"}


def test_what_is_no_film(films: tuple[Path, Path]) -> None:
    text = media.no_video(films[0].parent)
    refused(1, "not a film", "score", films[0], text, "--quiet")
    refused(1, "no video in it", "score", media.audio_only(films[0].parent), films[1], "--quiet")


def test_a_film_may_be_called_score(films: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(films[0].rename(films[0].with_name("score")).parent)
    result = run("score", "./score", "painted.mkv", "--quiet")
    assert result.exit_code == 0, result.output
    assert "`score` measures what came out" in " ".join(run("--help").stdout.split())


def test_the_options_are_the_defaults() -> None:
    told = " ".join(run("score", "--help").stdout.split())
    assert f"[{ScoreOptions.max_size}]" in told


_COMMAND = """
import sys
from stylize_video.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    print(stop.code, *sorted({"torch", "av", "cv2"} & sys.modules.keys()), file=sys.stderr)
"""


def _imported(*arguments: object) -> list[str]:
    """The exit code, and which slow libraries a command needed."""
    command = [sys.executable, "-c", _COMMAND, "score", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stderr.splitlines()[-1].split()


def test_no_torch_without_a_style(films: tuple[Path, Path]) -> None:
    assert _imported(*films, "--quiet", "--html", films[0].with_name("page.html")) == ["0", "av", "cv2"]
    assert _imported(*films, "--max-size", "3") == ["2"]
    assert _imported(films[0], "nothing.mp4") == ["1"]


@pytest.mark.slow
def test_options_are_spelled_as_flags_wherever_they_are_told(films: tuple[Path, Path]) -> None:
    page = films[0].with_name("page.html")
    result = run("score", *films, "--style", "kandinsky", "--html", page)
    assert result.exit_code == 0, result.output
    for told in (" ".join(result.stdout.split()), page.read_text()):
        assert "as --style" in told
        assert "`style`" not in told
