"""What may be in a saved state, and what is never made of bytes."""

from __future__ import annotations

import os
import pickle
from array import array
from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stylize_video.errors import InputError
from stylize_video.pipeline import saved_state
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.segments.places import Ahead


def there_and_back(state: object) -> Any:
    return saved_state.loads(saved_state.dumps(state))


def test_plain_data_comes_back() -> None:
    state = {"a": (1, 2.5, "x", b"y", None, True), "d": deque([Fraction(1, 3)]), "t": array("q", [1, 2**40])}
    assert there_and_back(state) == state
    assert there_and_back(Path("a/b")) == Path("a/b")


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.int64])
def test_arrays_come_back_to_the_bit(kind: type) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(kind)
    for each in (values, values[:, ::2], np.asfortranarray(values[0])):
        found = there_and_back(each)
        assert found.dtype == each.dtype
        assert (found == each).all()


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.uint8])
def test_tensors_come_back_to_the_bit(kind: torch.dtype) -> None:
    tensor = torch.arange(12).reshape(3, 4).to(kind)[:, 1:]
    found = there_and_back({"x": [tensor]})["x"][0]
    assert found.dtype == kind
    assert torch.equal(found, tensor)


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has such a device")
def test_tensors_of_a_device_that_is_not_here_come_back_on_the_cpu() -> None:
    tensor = torch.arange(6.0)
    found = saved_state.loads(saved_state.dumps(tensor).replace(b"cpu", b"mps"))
    assert found.device.type == "cpu"
    assert torch.equal(found, tensor)


def test_frames_come_back() -> None:
    frame = Frame(np.full((4, 6, 3), 7, np.uint8), 5, Fraction(1, 25), cut=True)
    found = there_and_back(Ahead(None, [frame])).first[0]
    assert (found.pts, found.cut, found.time_base) == (5, True, Fraction(1, 25))
    assert (found.rgb == frame.rgb).all()


class _Runs:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize(
    "call",
    [
        (os.system, "touch found"),
        (eval, "open('found', 'w')"),
        (Path.write_text, Path("found"), "x"),
        (torch.load, "found"),
        (saved_state.loads, b""),
        (pickle.loads, b""),
    ],
)
def test_nothing_is_run(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no part of a state"):
        saved_state.loads(pickle.dumps(_Runs(*call)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"", b"nonsense", pickle.dumps([1, 2])[:-3]])
def test_what_is_no_state_is_said(data: bytes) -> None:
    with pytest.raises(InputError, match="can't be read"):
        saved_state.loads(data)
