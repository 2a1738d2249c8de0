"""On a CPU, painting by a network needs no torch once its program has been converted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests import media

_SLOW = ("torch", "torchvision", "scipy", "scenedetect", "rich", "pydantic")
_LARGEST = 400  # MB of the whole process

_RUN = """
import atexit, json, sys
from pathlib import Path
from stylize_video.__main__ import main


def tell():
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    megabytes = int(status["VmHWM"].split()[0]) / 1000  # ru_maxrss begins at what the parent had
    modules = sorted(name for name in sys.modules if "." not in name)
    print(json.dumps({"megabytes": megabytes, "modules": modules}), file=sys.__stderr__)


atexit.register(tell)
sys.argv = ["stylize-video", *sys.argv[1:]]
main()
"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film, a photograph and a mask."""
    folder = tmp_path_factory.mktemp("studio")
    media.constant(folder, count=4).path.rename(folder / "film.mp4")
    rng = np.random.default_rng(0)
    photo = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(folder / "photo.jpg"), photo)
    cv2.imwrite(str(folder / "mask.png"), np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1)))
    return folder


def run(studio: Path, *arguments: str) -> dict[str, Any]:
    """What a process says of itself that runs the command line."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(studio / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments, "--device", "cpu", "--overwrite", "--quiet"],
        cwd=studio,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return {**found, "code": done.returncode}


@pytest.fixture(scope="module")
def converted(studio: Path) -> Path:
    """The same after one picture has been painted: the program lies in the cache."""
    first = run(studio, "photo.jpg", "--style", "udnie")
    assert first["code"] == 0
    assert "torch" in first["modules"]  # so that the tests below can fail
    return studio


@pytest.mark.parametrize(
    "arguments",
    [
        ["photo.jpg", "--style", "kandinsky"],  # another style of the same convolutions
        ["film.mp4", "--style", "kandinsky"],
        ["film.mp4", "--style", "kandinsky:0.6,udnie:0.4", "--no-stabilize", "--strength", "0.5"],
        ["film.mp4", "--style", "udnie", "--mask", "mask.png", "--region", "mask.png=great-wave"],
        ["film.mp4", "--preserve-color", "--stability", "0.5", "--max-size", "64"],
    ],
    ids=" ".join,
)
def test_painting_imports_nothing_slow(arguments: list[str], converted: Path) -> None:
    found = run(converted, *arguments)
    assert found["code"] == 0
    assert [name for name in _SLOW if name in found["modules"]] == []
    assert found["megabytes"] <= _LARGEST


def test_the_transform_imports_nothing_slow_once_it_is_converted(studio: Path) -> None:
    """By a painting that it knows, and by a picture that it has looked at before."""
    arguments = ["film.mp4", "--method", "wct", "--levels", "2,1", "--style", "kandinsky:1,photo.jpg:1"]
    first, second = run(studio, *arguments), run(studio, *arguments)
    assert first["code"] == second["code"] == 0
    assert "torch" in first["modules"]
    assert [name for name in _SLOW if name in second["modules"]] == []


@pytest.mark.parametrize("name", ["no-such.mp4", "mask.png.mp4"])
def test_a_refused_file_imports_no_torch(name: str, studio: Path) -> None:
    (studio / "mask.png.mp4").write_bytes(b"no film at all")
    found = run(studio, name, "--style", "the-scream")
    assert found["code"] == 1
    assert "torch" not in found["modules"]


def test_outside_of_models_only_the_way_to_a_gpu_imports_torch_at_once() -> None:
    root = Path(__file__).parents[1]
    folders = ("commands", "files", "pictures", "pipeline", "process")
    modules = [*root.glob("*.py"), *(path for folder in folders for path in (root / folder).rglob("*.py"))]
    bring = re.compile(r"^(?:import|from) torch", re.MULTILINE)
    found = {path.relative_to(root).as_posix() for path in modules if bring.search(path.read_text("utf-8"))}
    assert found == {"pipeline/plane_transfer.py", "pipeline/planes/device_color.py"}
