"""The suite's police catches what it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CRIMES = """
import logging, random, socket, threading, time
import numpy as np, pytest

def test_leaks_a_thread():
    threading.Thread(target=time.sleep, args=(4,), daemon=True).start()

def test_ends_its_thread():
    threading.Thread(target=time.sleep, args=(0.1,)).start()

def test_logs_an_error():
    logging.getLogger("stylize").error("oh")

@pytest.mark.error_logs
def test_may_log_an_error():
    logging.getLogger("stylize").error("oh")

def test_reaches_for_the_network():
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=0.1)
    except OSError:
        pass

def test_disturbs_the_random_state():
    random.seed(99), np.random.seed(99)

def test_finds_the_random_state_seeded():
    random.seed(0)
    first = random.random()
    random.seed(0)
    assert random.random() == first

@pytest.mark.gpu
def test_needs_cuda():
    pass
"""


def run_pytest(folder: Path, *arguments: str, **environment: str) -> str:
    """What pytest says of the crimes; its cache and its plug-ins' files stay in `folder`."""
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_crimes.py").write_text(CRIMES, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = gpu: needs CUDA\n", "utf-8")
    # An empty stand-in for torch: its import takes seconds, and it has a CUDA device or not.
    (folder / "torch.py").write_text(
        "class cuda:\n    is_available = staticmethod(lambda: False)\n"
        "manual_seed = get_rng_state = set_rng_state = lambda *_: None\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=line", "-p", "no:cacheprovider"]
    env = {**os.environ, **environment, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_every_crime_is_caught_and_nothing_else(tmp_path: Path) -> None:
    said = run_pytest(tmp_path)
    assert "ERROR test_crimes.py::test_leaks_a_thread" in said
    assert "ERROR test_crimes.py::test_logs_an_error" in said
    assert "FAILED test_crimes.py::test_reaches_for_the_network" in said
    assert "SKIPPED [1]" in said
    for innocent in ("ends_its_thread", "may_log_an_error", "finds_the_random_state_seeded"):
        assert f"PASSED test_crimes.py::test_{innocent}" in said
    assert "1 failed, 6 passed, 1 skipped, 2 errors" in said


def test_a_gpu_test_fails_where_a_gpu_is_promised(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, "-k", "needs_cuda", STYLIZE_VIDEO_REQUIRE_GPU="1")
    assert "STYLIZE_VIDEO_REQUIRE_GPU=1" in said
    assert "1 error" in said
