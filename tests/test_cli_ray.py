"""`--ray` with a real Ray: the same films as by this machine alone, whichever worker or machine dies."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import drawing, media
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


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def wait_for_work(process: subprocess.Popen[str], below: int | None = None) -> psutil.Process:
    """A worker's process that has begun to paint: the command's own, or one of another process's children."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        for child in psutil.Process(below or process.pid).children(recursive=True):
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
    """No process of Ray's outlives a test, and no folder of ours or its."""

    def there() -> set[int]:
        words = ("ray::", "raylet", "gcs_server")
        return {
            found.pid
            for found in psutil.process_iter(["cmdline"])
            if any(word in part for part in (found.info["cmdline"] or ())[:1] for word in words)
        }

    def folders() -> set[str]:
        return {path.name for path in Path(tempfile.gettempdir()).glob("*ray-*")}

    # One at a time, whichever worker of pytest-xdist runs it: each would see the others' for its own.
    with Path(tempfile.gettempdir(), "stylize-video-cluster-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before, lay = there(), folders()
        yield
        deadline = time.monotonic() + 10
        while (left := there() - before) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left
        assert folders() <= lay


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


class Node:
    """A machine of a cluster: processes of its own, with a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], *which: str) -> None:
        folder.mkdir()
        usual = ("--node-ip-address=127.0.0.1", "--num-cpus=1", "--object-store-memory=100000000")
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", *which, *usual, f"--temp-dir={folder}"]
        self._log = (folder / "said.txt").open("w+")
        self._process = subprocess.Popen(
            [*ray, "--disable-usage-stats", "--block"],
            env=environment | {"TMPDIR": str(folder)},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.pid = self._process.pid
        self._wait(folder / "said.txt")

    def _wait(self, log: Path) -> None:
        deadline = time.monotonic() + 60
        while "Ray runtime started" not in log.read_text():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        """As a power cut: all its processes at once."""
        if self._process.poll() is None:
            for each in (*psutil.Process(self.pid).children(recursive=True), psutil.Process(self.pid)):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
        self._process.wait(10)
        self._log.close()


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Node, dict[str, str], str]]:
    """Two machines that know each other by a token; the environment of one, and the cluster's address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_health_check_period_ms": "500",
    }
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # pytest's are too long for a socket's name
    with ExitStack() as opened:
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        head = Node(folder / "1", environment, "--head", f"--port={port}", "--include-dashboard=false")
        opened.callback(head.kill)
        other = Node(folder / "2", environment, f"--address=127.0.0.1:{port}")
        opened.callback(other.kill)
        yield head, other, environment, f"127.0.0.1:{port}"


@pytest.mark.slow
def test_one_of_two_machines_dies_and_all_is_complete_and_equal(
    films: Path, tmp_path: Path, nodes: tuple[Node, Node, dict[str, str], str]
) -> None:
    _, other, environment, address = nodes
    out = tmp_path / "out"
    process = start("batch", films, "-o", out, "--ray", address, "--quality", "draft", **environment)
    wait_for_work(process, other.pid)
    other.kill()
    told = ended(process)
    assert told["exit_code"] == 0, told
    assert [film["result"] for film in told["films"]] == ["painted"] * 4
    assert len({worker["node"] for worker in told["workers"]}) == 2
    assert [worker["lost"] for worker in told["workers"]].count(True) == 1
    for film in films.iterdir():
        assert digest(out / film.name) == alone(film, tmp_path / film.name)


def shots(number: int, width: int, height: int) -> drawing.Rgb:
    picture = drawing.numbered_picture(number % 256, width, height)
    return [picture, 255 - picture[:, ::-1], picture[::-1], 255 - picture][number // 50 % 4]


@pytest.fixture
def long_film(tmp_path: Path) -> Path:
    """Eight shots of 50 frames."""
    video = media.Video(times=media.irregular(400), size=SIZE, draw=shots)
    return media.film(tmp_path / "long.mp4", video, sounds=[media.Sound()]).path


@pytest.mark.slow
def test_shots_are_painted_side_by_side_and_a_worker_is_killed(long_film: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    process = start(long_film, "-o", output, *LOCAL, "--segment-length", 40)
    wait_for(tmp_path / "out.mp4.parts" / "segment0000001.json", process)
    wait_for_work(process).kill()
    told = ended(process)
    assert told["exit_code"] == 0, told
    assert [worker["lost"] for worker in told["workers"]].count(True) == 1
    assert len(told["workers"]) >= 2
    assert digest(output) == alone(long_film, tmp_path / "alone.mp4", segment_length=40)


@pytest.mark.slow
def test_after_ctrl_c_this_machine_alone_goes_on(long_film: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    process = start(long_film, "-o", output, *LOCAL, "--segment-length", 40)
    wait_for(tmp_path / "out.mp4.parts" / "segment0000001.json", process)
    process.send_signal(signal.SIGINT)
    told = ended(process)
    assert told["exit_code"] == 130, told
    assert "the same command goes on from what is finished" in told["stderr"]
    assert names(tmp_path) == {"long.mp4", "out.mp4.parts"}
    found = alone(long_film, output, segment_length=40)
    assert found == alone(long_film, tmp_path / "alone.mp4", segment_length=40)


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
