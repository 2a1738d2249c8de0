"""What torchvision downloads: from the cache, and every way in which it can't be had."""

from __future__ import annotations

import sys
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from stylize_video.errors import WeightsError
from stylize_video.models.weights.torchvision_weights import TorchvisionWeights

WEIGHTS = TorchvisionWeights("RAFT", "Raft_Small_Weights.C_T_V2", "do without")
FILE = "raft_small_C_T_V2-01064c6d.pth"


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where torch will look for the file, empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def downloads(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[str]:
    """Let each download fail; the addresses it was tried from."""
    tried: list[str] = []

    def fail(url: str, *_: object, **__: object) -> None:
        tried.append(url)
        raise error

    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    return tried


def told(error: type[Exception] = WeightsError) -> str:
    """What is said of weights that can't be had; in one line."""
    with pytest.raises(error) as caught:
        WEIGHTS.load()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(", or do without")
    return message


def test_what_is_in_the_cache_is_not_downloaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = downloads(monkeypatch, AssertionError("it is in the cache"))
    torch.save({"weight": torch.arange(3.0)}, cache / FILE)
    assert WEIGHTS.load()["weight"].tolist() == [0, 1, 2]
    assert tried == []


@pytest.mark.parametrize(
    "error",
    [URLError("no route to host"), PermissionError(13, "Permission denied"), IncompleteRead(b"half", 8)],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_download(
    error: Exception, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = downloads(monkeypatch, error)
    message = told()
    assert message.startswith("RAFT's weights can't be downloaded from https://download.pytorch.org/")
    assert f"to {cache} ({error})" in message
    assert "takes an internet connection" in message
    assert [Path(url).name for url in tried] == [FILE]
    assert capsys.readouterr() == ("", "")  # no terminal, no announcement


def test_a_download_is_announced_on_a_terminal(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    downloads(monkeypatch, URLError("no route to host"))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Downloading: ")


def test_a_download_with_another_checksum(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads(monkeypatch, RuntimeError('invalid hash value (expected "01064c6d", got "0")'))
    assert "RAFT's weights are damaged (RuntimeError: invalid hash value" in told()


@pytest.mark.parametrize("content", [b"", b"half a file", b"PK\x03\x04 half a zip"])
def test_a_damaged_file_in_the_cache(content: bytes, cache: Path) -> None:
    (cache / FILE).write_bytes(content)
    message = told()
    assert "damaged" in message
    assert f"remove {cache / FILE} " in message


def test_a_file_that_would_run_a_program_is_not_loaded(cache: Path) -> None:
    torch.save({"weight": Path}, cache / FILE)  # a pickle of more than tensors
    assert "damaged" in told()


def test_no_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    assert f"RAFT needs a torchvision that fits torch {torch.__version__} (" in told()


def test_a_torchvision_for_another_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    broken = "raise RuntimeError('operator torchvision::nms does not exist')"
    (tmp_path / "torchvision" / "__init__.py").write_text(broken)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    assert "torchvision::nms does not exist" in told()
