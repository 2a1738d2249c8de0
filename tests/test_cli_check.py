"""`stylize-video check`: what it prints, its exit codes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from tests import media
from tests.commands import refused, run
from tests.pipeline._trip import trip


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A film and what a job makes of it."""
    folder = tmp_path_factory.mktemp("films")
    source = media.rich(folder).path
    return source, trip(source, folder / "out.mp4").path


def test_a_good_film(films: tuple[Path, Path]) -> None:
    result = run("check", *films, "--decode")
    assert result.exit_code == 0, result.output
    *lines, verdict = result.stdout.splitlines()
    assert verdict.startswith(f"{films[1]}: verified: ")
    assert verdict.endswith("all of it decoded")
    assert lines
    assert all(line.startswith("expected: ") for line in lines)


def test_a_film_that_differs(films: tuple[Path, Path], tmp_path: Path) -> None:
    other = media.constant(tmp_path, count=5).path
    result = run("check", films[0], other)
    assert result.exit_code == 1
    assert result.stderr == ""
    *lines, verdict = result.stdout.splitlines()
    differing = [line for line in lines if line.startswith("differs: ")]
    assert any("5 frames in it" in line for line in differing)
    assert verdict == f"{other}: not verified: {len(differing)} differences"
    quiet = run("check", films[0], other, "--quiet")
    assert (quiet.exit_code, quiet.output) == (1, "")


def test_json_is_one_object(films: tuple[Path, Path], tmp_path: Path) -> None:
    good = json.loads(run("check", *films, "--json").stdout)
    assert good["verified"] is True
    assert {finding["expected"] for finding in good["findings"]} == {True}
    result = run("check", films[0], media.constant(tmp_path, count=5).path, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["verified"] is False
    assert told["frames"] == 5
    assert set(told["findings"][0]) == {"kind", "what", "stream", "time_s", "expected"}


def test_an_excerpt(films: tuple[Path, Path], tmp_path: Path) -> None:
    source = films[0]
    output = trip(source, tmp_path / "part.mkv", start=Fraction(1, 5)).path
    assert run("check", source, output, "--start", "0:00.2").exit_code == 0
    assert run("check", source, output).exit_code == 1


def test_what_is_refused(films: tuple[Path, Path], tmp_path: Path) -> None:
    source, output = films
    (tmp_path / "text.mp4").write_text("no film")
    refused(1, "no such file", "check", source, tmp_path / "gone.mp4")
    refused(1, "is a text", "check", source, tmp_path / "text.mp4")
    refused(1, "is a text", "check", tmp_path / "text.mp4", output)
    refused(2, "is the input itself", "check", source, source)
    refused(2, "is no time", "check", source, output, "--start", "soon")
    refused(2, "duration", "check", source, output, "--duration", "0")
    refused(2, "no video track 7", "check", source, output, "--video-track", "7")
    refused(2, "OUTPUT is missing", "check", source)


def test_it_needs_no_torch(films: tuple[Path, Path]) -> None:
    code = (
        "import sys; from stylize_video import cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'torch', 'openvino', 'rich', 'scipy'} & set(sys.modules), 'slow'"
    )
    command = [sys.executable, "-c", code, "check", *map(str, films), "--decode"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
