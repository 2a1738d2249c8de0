"""The command over all files of a folder: what came out of each, one line a file.

Runs the command for each file, as a user would, with a time limit; outputs go to a folder of their own.

    python benchmarks/cases.py FOLDER [--to mkv] [--out FOLDER] [--json OUT] [-- --no-stabilize ...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from common import Report, parser, program

STYLE = "kandinsky"
# What a file becomes when --to does not say: its own format if that is one that can be written.
_OWN = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif", ".ts", ".png", ".jpg", ".webp"})
_OTHER = {".avif": ".png"}
_LEFT_OUT = frozenset({".md", ".json"})


@dataclass(frozen=True)
class Line:
    """What became of a file."""

    file: str
    code: int | None  # None: ended after the time limit
    seconds: float
    megabytes: float  # resident, at most
    output: str  # streams, frames, duration
    said: str  # notes, or the error

    def __str__(self) -> str:
        ended = "hung" if self.code is None else f"exit {self.code}"
        took = f"{self.seconds:.1f} s, {self.megabytes:.0f} MB"
        return " | ".join((self.file, ended, took, self.output or "nothing", self.said or "no notes"))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    # Parted at the -- by hand: argparse gives a list of operands its values, none, before it comes there.
    own, further = arguments, []
    if "--" in arguments:
        at = arguments.index("--")
        own, further = arguments[:at], arguments[at + 1 :]
    made = parser(__doc__)
    made.add_argument("folder", type=Path, help="all files in it and below")
    made.add_argument("--to", help="the output's extension for all; by default each file's own, or mkv")
    made.add_argument("--out", type=Path, help="where the outputs stay; by default they are removed")
    made.add_argument("--limit", type=float, default=60, help="seconds after which a run is ended")
    made.add_argument("--style", default=STYLE)
    made.epilog = "Further options of the command come behind a --."
    given = made.parse_args(own)
    given.options = further
    if not given.folder.is_dir():
        made.error(f"{given.folder}: no such folder")
    return given


def main() -> int:
    """Run, print."""
    given = _arguments(sys.argv[1:])
    lines = []
    with tempfile.TemporaryDirectory(prefix="stylize-video-cases-") as temporary:
        out = given.out or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        for path in sorted(given.folder.rglob("*")):
            if path.is_file() and path.suffix.lower() not in _LEFT_OUT:
                name = str(path.relative_to(given.folder))
                suffix = f".{given.to}" if given.to else _suffix(path)
                target = out / (name.replace("/", "_") + suffix)
                lines.append(_line(name, path, target, ["--style", given.style, *given.options], given.limit))
                print(lines[-1], flush=True)
    return Report("cases", {"folder": str(given.folder), "files": [asdict(x) for x in lines]}).finish(
        given.json
    )


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if suffix in _OWN else _OTHER.get(suffix, ".mkv")


def _line(name: str, source: Path, target: Path, options: list[str], limit: float) -> Line:
    command = [*program(), str(source), *options, "--json", "--overwrite", "-o", str(target)]
    began = time.monotonic()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        code, megabytes = _wait(process, began + limit)
        said = [_read(file) for file in (stdout, stderr)]
    return Line(
        name,
        code,
        round(time.monotonic() - began, 1),
        round(megabytes),
        describe(target) if target.exists() else "",
        _told(*said),
    )


def _wait(process: subprocess.Popen[bytes], until: float) -> tuple[int | None, float]:
    """Exit code (None: ended by us) and most memory, MB."""
    late = False
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            process.returncode = os.waitstatus_to_exitcode(status)
            return (None if late else process.returncode), usage.ru_maxrss / 1024
        if time.monotonic() > until and not late:
            late = True
            process.kill()
        time.sleep(0.05)


def _read(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    data: bytes = file.read()  # type: ignore[attr-defined]
    return data.decode("utf-8", "backslashreplace")


def _told(stdout: str, stderr: str) -> str:
    """The notes, or the error; the last line of what is no JSON."""
    try:
        told = json.loads(stdout)
        return "; ".join(told["notes"]) if "notes" in told else str(told["error"])
    except (ValueError, TypeError, KeyError):
        lines = stderr.strip().splitlines()
        return lines[-1] if lines else ""


def describe(path: Path) -> str:
    """A film's streams, frames and seconds, in words."""
    try:
        with av.open(path) as container:
            streams = ", ".join(_stream(stream) for stream in container.streams)
            seconds = (container.duration or 0) / 1e6
            film = container.streams.video[0]
            times = [frame.time for frame in container.decode(film)]
    except (av.FFmpegError, IndexError) as error:
        return f"can't be decoded ({error})"
    first = min((t for t in times if t is not None), default=0.0)
    return f"{streams}; {len(times)} frames from {first:.3f} s on, {seconds:.2f} s"


def _stream(stream: av.stream.Stream) -> str:
    context = getattr(stream, "codec_context", None)
    if context is None:
        return stream.type
    if stream.type == "video":
        return f"{context.name} {context.width}x{context.height} {context.pix_fmt}"
    if stream.type == "audio":
        return f"{context.name} {context.layout.name}"
    return f"{context.name}"


if __name__ == "__main__":
    sys.exit(main())
