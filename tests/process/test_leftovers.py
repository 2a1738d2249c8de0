"""What a killed process has left is removed, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stylize_video.process import leftovers

KIND = ".measuring-"


def test_the_folders_of_processes_that_are_gone(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    kept = [f"{leftovers.prefix_of(KIND)}x", f"{KIND}-y", f"{KIND}mine", f"{KIND}{10**30}-z", "other"]
    for name in (f"{KIND}{gone.pid}-w", *kept):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.mp4").touch()
    leftovers.sweep(tmp_path, KIND)
    assert {path.name for path in tmp_path.iterdir()} == set(kept)
    leftovers.sweep(tmp_path / "nowhere", KIND)
