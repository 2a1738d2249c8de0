"""`--ray` with a real Ray: the same films as by this machine alone, whichever worker or machine dies."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from stylize_video.pipeline.jobs import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import media
from tests.commands import names, refused

pytest.importorskip("ray", reason="the extra ray is not installed")

SIZE = (160, 96)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "stylize_video", *map(str, arguments), "--device", "cpu", "--json"]


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What it says of itself, and its exit code; Ray's words are not among it."""
    stdout, stderr = process.communicate(timeout=100)
    assert stdout.count("\n") == 1, (stdout, stderr)
    told: dict[str, Any] = json.loads(stdout)
    return told | {"exit_code": process.returncode, "stderr": stderr}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_for_work(process: subprocess.Popen[str]) -> psutil.Process:
    """A worker's process that has begun to paint."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if child.cmdline()[:1] == ["ray::PaintingActor.run"]:
                    return child
            except psutil.Error:
                continue
        time.sleep(0.05)
    pytest.fail("no worker has begun")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Four films, in a folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate("abcd"):
        video = media.Video(times=media.steady(24 + number), size=SIZE)
        media.film(folder / f"{name}.mp4", video, sounds=[media.Sound()])
    return folder


@pytest.fixture(autouse=True)
def _no_ray_left() -> Iterator[None]:
    """No process of Ray's outlives a test."""

    def there() -> set[int]:
        words = ("ray::", "raylet", "gcs_server")
        return {
            found.pid
            for found in psutil.process_iter(["cmdline"])
            if any(word in part for part in (found.info["cmdline"] or ())[:1] for word in words)
        }

    before = there()
    yield
    deadline = time.monotonic() + 10
    while (left := there() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def alone(film: Path, output: Path, **options: Any) -> str:
    """The digest of a film that this process has painted."""
    job.paint(PaintRequest.of(film, output, device="cpu", quality="draft", **options))
    return digest(output)


LOCAL = ("--ray", "auto", "--ray-workers", 2, "--cpus-per-worker", 1, "--quality", "draft")


@pytest.mark.slow
def test_a_batch_whose_worker_is_killed_is_complete_and_equal(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start("batch", films, "-o", out, *LOCAL)
    wait_for_work(process).kill()
    told = ended(process)
    assert told["exit_code"] == 0, told
    assert [film["result"] for film in told["films"]] == ["painted"] * 4
    assert [worker["lost"] for worker in told["workers"]].count(True) == 1
    for film in films.iterdir():
        assert digest(out / film.name) == alone(film, tmp_path / film.name)
    assert names(out) == {"a.mp4", "b.mp4", "c.mp4", "d.mp4", "stylize-video.json"}


@pytest.mark.slow
def test_ctrl_c_ends_everything_and_leaves_nothing(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start("batch", films, "-o", out, *LOCAL)
    wait_for_work(process)
    process.send_signal(signal.SIGINT)
    told = ended(process)
    assert told["exit_code"] == 130, told
    assert "the same command goes on" in told["stderr"]
    assert not [name for name in names(out) if ".part" in name]


def test_without_a_cluster_there_is_a_line(tmp_path: Path, films: Path) -> None:
    refused(1, "no cluster answers there", "batch", films, "-o", tmp_path / "out", "--ray", "127.0.0.1:1")
