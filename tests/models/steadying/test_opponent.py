"""Luma and chroma, there and back; expected values by the matrix of BT.601."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.models.steadying import opponent

_SIZES = [(64, 96), (65, 97), (17, 33), (2, 2), (1, 1), (1, 5)]
_LUMA = np.array([0.299, 0.587, 0.114])


def _noise(height: int = 64, width: int = 96) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def _unit(painting: NDArray[np.uint8]) -> NDArray[np.float32]:
    return painting.astype(np.float32) / np.float32(255)


def _through(painting: NDArray[Any], *, halved: bool) -> NDArray[Any]:
    return opponent.join(*opponent.split(painting, halved=halved), like=painting)


@pytest.mark.parametrize("size", _SIZES)
def test_bytes_come_back_within_a_level(size: tuple[int, int]) -> None:
    painting = _noise(*size)
    back = _through(painting, halved=False)
    assert back.dtype == np.uint8
    assert back.shape == painting.shape
    assert np.abs(back.astype(int) - painting).max() <= 1


@pytest.mark.parametrize("size", _SIZES)
def test_floats_come_back_closely(size: tuple[int, int]) -> None:
    painting = _unit(_noise(*size))
    back = _through(painting, halved=False)
    assert back.dtype == np.float32
    assert back.shape == painting.shape
    assert np.abs(back - painting).max() < 0.1 / 255


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_luma_is_that_of_bt601(kind: type) -> None:
    noise = _noise()
    luma, _ = opponent.split(noise if kind is np.uint8 else _unit(noise), halved=True)
    assert luma.dtype == np.float32
    assert np.abs(luma - noise @ _LUMA).max() <= (0.51 if kind is np.uint8 else 0.01)


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_chroma_has_half_the_size_if_halved(kind: type, size: tuple[int, int]) -> None:
    painting = _noise(*size) if kind is np.uint8 else _unit(_noise(*size))
    assert opponent.split(painting, halved=False)[1].shape == (*size, 2)
    _, chroma = opponent.split(painting, halved=True)
    assert chroma.shape == (-(-size[0] // 2), -(-size[1] // 2), 2)
    assert chroma.dtype == np.float32
    back = _through(painting, halved=True)
    assert back.shape == painting.shape
    assert back.dtype == painting.dtype


def _muted(height: int, width: int) -> NDArray[np.uint8]:
    """Noise whose colours stay within range when they are mixed with their neighbours'."""
    return (_noise(height, width) // 3 + 85).astype(np.uint8)


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_halved_keeps_the_luma(kind: type, size: tuple[int, int]) -> None:
    painting = _muted(*size) if kind is np.uint8 else _unit(_muted(*size))
    back = _through(painting, halved=True) * (1.0 if kind is np.uint8 else 255.0)
    error = np.abs(back @ _LUMA - _muted(*size) @ _LUMA)
    assert error.max() <= (1.5 if kind is np.uint8 else 0.1)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("colour", [(200, 90, 30), (10, 20, 250), (255, 255, 255), (0, 0, 0)])
def test_halved_keeps_a_plain_colour(colour: tuple[int, int, int], kind: type) -> None:
    plain = np.full((17, 33, 3), colour, np.uint8)
    back = _through(plain if kind is np.uint8 else _unit(plain), halved=True)
    assert np.abs(back * (1.0 if kind is np.uint8 else 255.0) - plain).max() <= 1


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_what_is_out_of_range_is_cut_off(kind: type) -> None:
    grey = np.full((4, 6, 3), 100, np.uint8)
    like = grey if kind is np.uint8 else _unit(grey)
    white = 255 if kind is np.uint8 else 1
    luma, chroma = opponent.split(like, halved=True)
    assert (opponent.join(luma + 300, chroma, like=like) == white).all()
    assert (opponent.join(luma - 300, chroma, like=like) == 0).all()
