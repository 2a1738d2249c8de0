"""Python's search for circles of objects is put off while a process starts, and no longer."""

from __future__ import annotations

import subprocess
import sys

_RUN = """
import gc
from stylize_video.process import circles
usual = gc.get_threshold()
circles.as_usual()
assert gc.get_threshold() == usual and not gc.get_freeze_count()
circles.put_off()
assert gc.get_threshold()[0] == 100_000
circles.as_usual()
assert gc.get_threshold()[0] == 10_000 and gc.get_freeze_count()
"""


def test_it_is_put_off_once() -> None:
    """And a process that has not asked for it is left alone."""
    subprocess.run([sys.executable, "-c", _RUN], check=True)
