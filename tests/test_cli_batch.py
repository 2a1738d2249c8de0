"""`stylize-video batch` with real films and real processes; most of what it decides is tested beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests import media
from tests.commands import names, refused, run


def batch(*arguments: object) -> Any:
    """What a batch says of itself as JSON, with its exit code."""
    result = run("batch", *arguments, "--json", "--device", "cpu")
    told: dict[str, Any] = json.loads(result.stdout)
    return told | {"exit_code": result.exit_code, "stderr": result.stderr}


def results(told: dict[str, Any]) -> dict[str, str]:
    return {Path(film["film"]).name: film["result"] for film in told["films"]}


@pytest.mark.slow
def test_a_good_film_is_painted_once_and_a_bad_one_named(tmp_path: Path) -> None:
    films, out = tmp_path / "in", tmp_path / "out"
    films.mkdir()
    first = media.constant(films, count=3)
    media.no_video(films, name="broken.mp4")
    told = batch(films, "-o", out, "--style", "udnie")
    assert told["exit_code"] == 1
    assert results(told) == {"constant.mp4": "painted", "broken.mp4": "failed"}
    assert "is a text, not a film" in next(f["reason"] for f in told["films"] if f["result"] == "failed")
    assert names(out) == {"constant.mp4", "stylize-video.json"}
    assert run("check", first.path, out / "constant.mp4").exit_code == 0
    (films / "broken.mp4").unlink()
    again = batch(films, "-o", out, "--report", tmp_path / "report.html")
    assert again["exit_code"] == 0
    assert (tmp_path / "report.html").read_text("utf-8").count('src="data:image/jpeg') == 2
    assert results(again) == {"constant.mp4": "done before"}


def test_what_makes_no_sense_is_said_at_once(tmp_path: Path) -> None:
    media.constant(tmp_path, count=1)
    refused(2, "no folder for the painted films; name one with -o", "batch", tmp_path)
    refused(2, "nothing to paint", "batch", "-o", tmp_path / "out")
    refused(2, "is the folder for the painted films", "batch", tmp_path, "-o", tmp_path)
    refused(2, "no style called 'nobody'", "batch", tmp_path, "-o", tmp_path / "out", "--style", "nobody")


def start(*arguments: object) -> subprocess.Popen[str]:
    """A batch in a process of its own."""
    command = [sys.executable, "-m", "stylize_video", "batch", *map(str, arguments), "--device", "cpu"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def long_films(folder: Path, size: tuple[int, int]) -> Path:
    """Two films of 250 frames, in a folder."""
    films = folder / "in"
    films.mkdir()
    media.film(films / "a.mp4", media.Video(times=media.steady(250), size=size))
    shutil.copy(films / "a.mp4", films / "b.mp4")
    return films


@pytest.mark.slow
def test_ctrl_c_ends_it_and_a_second_batch_is_refused(tmp_path: Path) -> None:
    films, out = long_films(tmp_path, (320, 192)), tmp_path / "out"
    first = start(films, "-o", out, "--segment-length", 48)
    wait_for(out / "a.mp4.parts" / "segment0000000.json", first)
    refused(1, "another batch is painting into this folder", "batch", films, "-o", out)
    first.send_signal(signal.SIGINT)
    _, stderr = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "0 films painted and recorded, 2 left; the same command goes on" in stderr
    assert names(out) == {"stylize-video.json", "a.mp4.parts"}
    goes_on = batch(films / "a.mp4", "-o", out, "--segment-length", 48)
    assert [film["frames"] for film in goes_on["films"]] == [250]
    assert goes_on["plan"]["to_paint"][0]["why"] == "not finished"
    assert names(out) == {"stylize-video.json", "a.mp4"}


@pytest.mark.slow
def test_what_is_left_of_other_settings_is_painted_anew(tmp_path: Path) -> None:
    films, out = long_films(tmp_path, (320, 192)), tmp_path / "out"
    first = start(films, "-o", out, "--segment-length", 48)
    wait_for(out / "a.mp4.parts" / "segment0000000.json", first)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    # Long enough to be painted by segments, so that those that are left are seen.
    told = batch(films / "a.mp4", "-o", out, "--strength", 0.5, "--segment-length", 48, "--duration", 4)
    assert [film["frames"] for film in told["films"]] == [100]
    assert names(out) == {"a.mp4", "stylize-video.json"}


@pytest.mark.slow
def test_a_crash_takes_one_film_along(tmp_path: Path) -> None:
    import psutil

    films, out = long_films(tmp_path, media.SMALL), tmp_path / "out"
    process = start(films, "-o", out, "--segment-length", 16, "--json")
    wait_for(out / "a.mp4.parts" / "segment0000000.json", process)
    [worker] = [c for c in psutil.Process(process.pid).children() if "spawn_main" in " ".join(c.cmdline())]
    os.kill(worker.pid, signal.SIGSEGV)
    stdout, _ = process.communicate(timeout=100)
    told = json.loads(stdout)
    assert process.returncode == 1
    assert results(told) == {"a.mp4": "failed", "b.mp4": "painted"}
    assert "SIGSEGV" in next(film["reason"] for film in told["films"] if film["result"] == "failed")
    assert names(out) == {"a.mp4.parts", "b.mp4", "stylize-video.json"}


@pytest.mark.slow
def test_what_is_put_into_a_watched_folder_is_painted_when_it_is_whole(tmp_path: Path) -> None:
    films, out = tmp_path / "in", tmp_path / "out"
    films.mkdir()
    whole = media.constant(tmp_path, count=5).path.read_bytes()
    process = start("--watch", films, "-o", out, "--report", tmp_path / "report.html")
    with (films / "slow.mp4").open("wb") as file:
        for part in range(16):  # longer than a film has to be still, by steps far shorter than that
            file.write(whole[part * len(whole) // 16 : (part + 1) * len(whole) // 16])
            file.flush()
            time.sleep(0.5)
    (films / "broken.mp4").write_text("This is no film.")
    wait_for(out / "slow.mp4", process)
    wait_for(tmp_path / "report.html", process)
    while "broken.mp4" not in (tmp_path / "report.html").read_text(
        "utf-8"
    ):  # named as one that is not painted
        time.sleep(0.1)
    (films / "broken.mp4").write_bytes(whole)  # another try
    wait_for(out / "broken.mp4", process)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "watching" in stderr
    assert stderr.count("failed: ") == 1
    assert "2 films painted and recorded, none left" in stderr
