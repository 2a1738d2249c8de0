"""Ctrl-C, SIGTERM and SIGHUP, each by a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from tests import media
from tests.commands import names

COMMAND = [sys.executable, "-m", "stylize_video"]


def _started(*command: object, cwd: Path | None = None) -> subprocess.Popen[str]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([str(word) for word in command], **streams, text=True, cwd=cwd)  # type: ignore[call-overload,no-any-return]


def _next_line(process: subprocess.Popen[str]) -> str:
    """What it says next, byte by byte: a stream would keep what follows from `communicate`."""
    assert process.stdout is not None
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(process.stdout.fileno(), 1)):
        line += byte
    return line.decode()


def _ended(process: subprocess.Popen[str], code: int) -> tuple[str, str]:
    """What a process says that must end within a second, give or take a busy machine."""
    began = time.monotonic()
    out, error = process.communicate(timeout=30)
    assert process.returncode == code, error
    assert time.monotonic() - began < 10
    assert "Traceback" not in error
    return out, error


EARLY = "import os, signal; import stylize_video.__main__; os.kill(os.getpid(), signal.{})"


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_before_anything_is_imported(name: str, code: int) -> None:
    _, error = _ended(_started(sys.executable, "-c", EARLY.format(name), "--json"), code)
    assert error == "stylize-video: interrupted\n"


WORKING = """
import pathlib, sys, time
import stylize_video.__main__
from stylize_video.process import signals
signals.install()
for name in ("half.mp4", "whole.mp4"):
    path = pathlib.Path(name)
    path.touch()
    signals.half_written(path)
signals.whole(path)
signals.begin_work()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("heard", flush=True)
    while True:
        time.sleep(60)
"""


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    """What is half written goes, what is whole stays; `timeout` sends its signal twice, which counts once."""
    process = _started(sys.executable, "-c", WORKING, cwd=tmp_path)
    assert _next_line(process) == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    assert _next_line(process) == "heard\n"
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, error = _ended(process, 130)
    assert error == "stylize-video: interrupted\n"
    assert names(tmp_path) == {"whole.mp4"}


def test_signals_that_are_ignored_stay_so(tmp_path: Path) -> None:
    """As `nohup` asks for."""
    program = (
        "import signal, stylize_video.__main__; from stylize_video.process import signals; signals.install()"
    )
    told = "print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    line = f"trap '' HUP; exec {sys.executable} -c '{program}; {told}'"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_ctrl_c_while_a_file_is_opened(tmp_path: Path) -> None:
    """FFmpeg looks through a terabyte of nothing, and the main thread hears no signal meanwhile."""
    endless = tmp_path / "endless.mkv"
    with endless.open("wb") as file:
        file.write(bytes.fromhex("1A45DFA38B4282886D6174726F736B61 1853806701FFFFFFFFFFFFFF"))
        file.truncate(1 << 40)
    process = _started(*COMMAND, endless, "--json", "--device", "cpu", cwd=tmp_path)
    _wait_for(process, lambda: _holds_open(process.pid, endless))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, error = _ended(process, 130)
    assert error == "stylize-video: interrupted\n"
    assert json.loads(out) == {"error": "interrupted", "exit_code": 130}
    assert names(tmp_path) == {endless.name}


def _holds_open(pid: int, path: Path) -> bool:
    links = Path(f"/proc/{pid}/fd")
    if not links.exists():
        pytest.skip("only Linux says which files a process has open")
    return any(os.path.samestat(link.stat(), path.stat()) for link in links.iterdir() if link.exists())


def _wait_for(process: subprocess.Popen[str], ready: object) -> None:
    deadline = time.monotonic() + 60
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_sigterm_keeps_what_was_painted(tmp_path: Path) -> None:
    """As Ctrl-C does: a playable part, a line, JSON."""
    clip = media.film(tmp_path / "long.mp4", media.Video(times=media.steady(240), size=(192, 128)))
    process = _started(*COMMAND, clip.path, "--json", "--device", "cpu", cwd=tmp_path)
    _wait_for(process, lambda: any(p.stat().st_size > 2000 for p in tmp_path.glob("*part*")))
    process.send_signal(signal.SIGTERM)
    out, error = _ended(process, 143)
    (partial,) = tmp_path.glob("*part*")
    with av.open(str(partial)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    told = json.loads(out)
    assert told["exit_code"] == 143
    assert f"{frames} painted frame" in told["error"]
    assert str(partial) in error.splitlines()[-1]


SUPERVISED = """
import os, pathlib, resource, sys, time
from stylize_video.process import signals, supervisor
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))
signals.hold_back()
assert supervisor.is_wanted() and supervisor.in_child(as_json=True)
for name in ("half\\nwritten", "whole"):
    path = pathlib.Path(name)
    path.touch()
    signals.half_written(path)
signals.whole(path)
signals.install(as_json=True)
signals.let_through()
print("ready", flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
if sys.argv[1] == "end":
    signals.tell_end(7)
os.abort()
"""


@pytest.mark.parametrize(
    ("what", "sent", "code", "message", "left"),
    [
        ("crash", None, 1, "stylize-video: too little memory", {"whole"}),
        ("wait", signal.SIGTERM, 143, "stylize-video: interrupted", {"whole"}),
        ("wait", signal.SIGKILL, -9, "stylize-video: interrupted", {"whole"}),
        ("end", None, 7, "", {"whole", "half\nwritten"}),
    ],
    ids=["crash", "signal", "parent killed", "crash after the end"],
)
def test_a_child_does_the_work_where_memory_is_limited(
    what: str, sent: int | None, code: int, message: str, left: set[str], tmp_path: Path
) -> None:
    """Its crash is told and cleaned up after; signals reach it, also one that its parent dies of.

    A crash after all is said changes nothing any more.
    """
    process = _started(sys.executable, "-c", SUPERVISED, what, cwd=tmp_path)
    assert _next_line(process) == "ready\n"
    if sent is not None:
        process.send_signal(sent)
    out, error = _ended(process, code)  # the streams' end is the child's, too
    if message:
        child_s = 143 if sent == signal.SIGKILL else code  # SIGTERM is what it dies of
        told = {"error": error.removeprefix("stylize-video: ").strip(), "exit_code": child_s}
        assert json.loads(out) == told
    assert error.startswith(message)
    assert len(error.splitlines()) == bool(message)
    assert names(tmp_path) == left
