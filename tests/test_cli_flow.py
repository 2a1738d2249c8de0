"""`--flow raft`: with its weights, and where they can't be had."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import torch

from tests import media
from tests.commands import names, refused, run

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return media.constant(tmp_path, count=3).path


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Torch's cache, empty, on a machine whose way out is a proxy that isn't there."""
    folder = tmp_path_factory.mktemp("torch")
    monkeypatch.setenv("TORCH_HOME", str(folder))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
    for name in _PROXIES:
        monkeypatch.setenv(name, closed)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)  # which remembers other proxies
    return folder / "hub" / "checkpoints"


def test_no_network_is_one_line_and_leaves_nothing(film: Path, cache: Path) -> None:
    line = refused(
        1, "RAFT's weights can't be downloaded", film, "--flow", "raft", "--quiet", "--device", "cpu"
    )
    assert "Connection refused" in line
    assert line.endswith("try again, or use --flow dis")
    assert names(film.parent) == {film.name}
    assert names(cache) == set()


def test_the_canvas_follows_the_flow_without_the_stabiliser_too(film: Path, cache: Path) -> None:
    given = (film, "--flow", "raft", "--no-stabilize", "--quiet", "--device", "cpu")
    refused(1, "RAFT's weights can't be downloaded", *given)


def test_a_film_by_a_network_out_of_the_cache(film: Path, cache: Path) -> None:
    from torchvision.models.optical_flow import raft_small

    cache.mkdir(parents=True)
    torch.save(raft_small(weights=None).state_dict(), cache / "raft_small_C_T_V2-01064c6d.pth")
    result = run(film, "--flow", "raft", "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "verified: 3 frames" in result.stderr


PAINTED = """
import sys
from stylize_video.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0
assert "stylize_video.models.steadying.stabilizer" in sys.modules
assert "stylize_video.models.motion.raft" not in sys.modules
assert "torchvision" not in sys.modules
"""


def test_no_torchvision_by_default(film: Path) -> None:
    command = [sys.executable, "-c", PAINTED, str(film), "--device", "cpu", "--quiet"]
    subprocess.run(command, check=True)
