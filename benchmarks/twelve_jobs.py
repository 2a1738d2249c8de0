"""Twelve jobs painted by one version of the program and compared with those of another, frame by frame.

Before a change of the house: `python benchmarks/twelve_jobs.py before/ --paintings FOLDER`. After it:
`python benchmarks/twelve_jobs.py after/ --against before/ --paintings FOLDER`: decoded frames are to be
equal, or 55 dB (PSNR) at least.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from common import ROOT, commit, parser
from numpy.typing import NDArray

SAMPLE = ROOT / "samples" / "sample.mp4"
_SHORT = ["--duration", "0.5"]
_FASTEST = ["--iterations", "3", "--keyframe-interval", "4", "--duration", "0.4", "--max-size", "128"]
_ENOUGH_DB = 55.0


@dataclass(frozen=True)
class Job:
    """One command line: `{name}` stands for the inputs that `_inputs` makes."""

    name: str
    arguments: tuple[str, ...]
    output: str = "mkv"
    source: str = "film"


def _jobs() -> list[Job]:
    return [
        Job("feed-forward", ("--style", "kandinsky", *_SHORT)),
        Job("wct", ("--style", "{painting}", *_SHORT)),
        Job("gatys", ("--method", "gatys", "--style", "{painting}", *_FASTEST)),
        Job("mixture", ("--style", "kandinsky:0.6,udnie:0.4", *_SHORT)),
        Job("strength", ("--style", "starry-night", "--strength", "0.6", *_SHORT)),
        Job("preserve-color", ("--style", "the-scream", "--preserve-color", *_SHORT)),
        Job(
            "mask-and-region",
            ("--region", "{mask}=udnie", "--style", "great-wave", "--mask", "{other}", *_SHORT),
        ),
        Job("guide", ("--guide", "{guide}", *_SHORT)),
        Job("gatys-resumed", ("--method", "gatys", "--style", "{painting}", *_FASTEST, "--resume")),
        Job("ten-bit", ("--style", "matisse", "--codec", "ffv1", *_SHORT), source="deep"),
        Job(
            "picture",
            (
                "--style",
                "delaunay",
            ),
            "png",
            "picture",
        ),
        Job("unsteadied", ("--style", "shipwreck", "--no-stabilize", *_SHORT)),
    ]


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("folder", type=Path, help="where the outputs go; made anew")
    made.add_argument("--against", type=Path, help="the folder of another version's outputs")
    made.add_argument("--paintings", type=Path, required=True, help="a folder with kandinsky.jpg")
    made.add_argument("--only", help="one job's name")
    return made.parse_args()


def _inputs(folder: Path, paintings: Path) -> dict[str, Path]:
    """Made of the sample: a 10-bit film, a picture, two masks and a guide of one frame."""
    frame = _frames(SAMPLE)[0][..., ::-1]
    found = {name: folder / f"{name}.png" for name in ("picture", "mask", "other")}
    cv2.imwrite(str(found["picture"]), frame)
    height, width, _ = frame.shape
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    cv2.imwrite(str(found["mask"]), mask)
    cv2.imwrite(str(found["other"]), 255 - mask)
    guide = folder / "guide"
    guide.mkdir()
    cv2.imwrite(str(guide / "frame0001.png"), cv2.GaussianBlur(frame, (0, 0), 3)[..., ::-1])
    _deep_film(folder / "deep.mkv")
    painting = paintings / "kandinsky.jpg"
    return found | {"guide": guide, "deep": folder / "deep.mkv", "film": SAMPLE, "painting": painting}


def _deep_film(path: Path) -> None:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=25, pix_fmt="yuv420p10le")
        pictures = _frames(SAMPLE)[:12]
        stream.height, stream.width = pictures[0].shape[:2]
        for number, pixels in enumerate(pictures):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p10le")
            picture.pts = number
            film.mux(stream.encode(picture))
        film.mux(stream.encode(None))


def _frames(path: Path) -> list[NDArray[Any]]:
    with av.open(str(path)) as film:
        return [
            frame.to_ndarray(format="rgb48le" if "10" in frame.format.name else "rgb24")
            for frame in film.decode(video=0)
        ]


def _paint(job: Job, inputs: dict[str, Path], output: Path) -> None:
    arguments = [text.format(**inputs) for text in job.arguments]
    lossless = ["--codec", "ffv1"] if job.output == "mkv" and "--codec" not in arguments else []
    command = [sys.executable, "-m", "stylize_video", str(inputs[job.source]), *arguments, *lossless]
    command += ["-o", str(output)]
    if "--resume" in arguments:
        _interrupt(command, output)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job.name}: {done.stderr.strip()}")


def _interrupt(command: list[str], output: Path) -> None:
    """Begin a job and end it by Ctrl-C once a keyframe is kept."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as begun:
        while begun.poll() is None and not list(output.parent.glob(f"*{output.stem}*/key*.npy")):
            time.sleep(0.05)
        begun.send_signal(signal.SIGINT)
    if begun.returncode != 130:
        raise SystemExit(f"{output.name}: ended with {begun.returncode} before it could be interrupted")


def _compare(mine: Path, theirs: Path) -> tuple[int, float]:
    """Frames, and the lowest PSNR of any (dB); infinite: all are equal."""
    ours, others = _frames(mine), _frames(theirs)
    if len(ours) != len(others):
        raise SystemExit(f"{mine.name}: {len(ours)} frames, {len(others)} before")
    peak = float(np.iinfo(ours[0].dtype).max)
    errors = [np.square(a.astype(np.float64) - b).mean() for a, b in zip(ours, others, strict=True)]
    worst = max(errors)
    return len(ours), float("inf") if worst == 0 else float(10 * np.log10(peak**2 / worst))


def main() -> None:
    """Paint, and compare where there is something to compare with."""
    given = _arguments()
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    inputs, rows = _inputs(given.folder, given.paintings), []
    for job in _jobs():
        if given.only not in (None, job.name):
            continue
        output = given.folder / f"{job.name}-painted.{job.output}"
        _paint(job, inputs, output)
        row = asdict(job) | {"commit": commit()}
        if given.against is not None:
            row["frames"], row["worst_db"] = _compare(output, given.against / output.name)
            print(f"{job.name:16} {row['frames']:3} frames, worst {row['worst_db']:.1f} dB")
        rows.append(row)
    if given.json is not None:
        given.json.write_text(json.dumps(rows, indent=1, default=str))
    if any(row.get("worst_db", _ENOUGH_DB) < _ENOUGH_DB for row in rows):
        raise SystemExit(f"some frames are less than {_ENOUGH_DB:.0f} dB from what they were")


if __name__ == "__main__":
    main()
