"""Styles for the transform: pictures, paintings that the weights know, and mixtures of both."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from stylize_video.errors import InputError, UnknownStyleError, UsageError
from stylize_video.models.runtimes import model_cache
from stylize_video.models.style_spec import parse
from stylize_video.models.wct import style as wct_style
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.moments import Statistics
from stylize_video.models.wct.weights_file import WctWeights
from stylize_video.pictures.pictures import read_picture
from tests.networks import noise, wct_file

LEVELS = (1, 2, 3, 4, 5)


@pytest.fixture
def weights(tmp_path: Path) -> WctWeights:
    """A file's, which knows two paintings."""
    return wct_weights.open_file(wct_file(tmp_path, red=noise(1), blue=noise(2)))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of noise, not as large as pictures are looked at."""
    cv2.imwrite(str(tmp_path / "picture.png"), noise(3))
    return tmp_path / "picture.png"


def assert_close(found: Statistics, wanted: Statistics) -> None:
    """The same at all levels."""
    assert tuple(found) == tuple(wanted) == LEVELS
    for level in LEVELS:
        for one, other in zip(found[level], wanted[level], strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)


def test_a_picture_is_looked_at_in_512_px(weights: WctWeights, picture: Path) -> None:
    wanted = wct_weights.statistics(weights.network, read_picture(picture), 512)
    assert_close(wct_style.load(parse(str(picture)), weights), wanted)


def test_a_picture_is_looked_at_once(
    weights: WctWeights, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "folder", lambda: tmp_path / "cache")
    wanted = wct_style.load(parse(str(picture)), weights)
    with monkeypatch.context() as patch:
        patch.setattr(wct_style, "statistics", None)
        assert_close(wct_style.load(parse(str(picture)), weights), wanted)
    cv2.imwrite(str(picture), noise(4))  # another one of that name
    other = wct_style.load(parse(str(picture)), weights)
    assert not np.allclose(other[1].covariance, wanted[1].covariance)


def test_names_are_looked_up(weights: WctWeights) -> None:
    assert_close(wct_style.load(parse("blue"), weights), weights.paintings["blue"])


def test_a_mixture_of_a_picture_with_itself_is_that_picture(weights: WctWeights, picture: Path) -> None:
    alone = wct_style.load(parse(str(picture)), weights)
    assert_close(wct_style.load(parse(f"{picture}:0.3,{picture}:0.7"), weights), alone)


def test_a_mixture_has_the_mean_of_the_statistics(weights: WctWeights, picture: Path) -> None:
    red, own = (wct_style.load(parse(spec), weights) for spec in ("red", str(picture)))
    found = wct_style.load(parse(f"red:1,{picture}:3"), weights)
    for level in LEVELS:
        for one, *parts in zip(found[level], red[level], own[level], strict=True):
            torch.testing.assert_close(one, 0.25 * parts[0] + 0.75 * parts[1])
    assert_close(wct_style.load(parse(f"red:1,{picture}:0"), weights), red)


@pytest.mark.parametrize("spec", ["kandinsky", "red,kandinsky", "Red"])
def test_an_unknown_name_is_told_what_there_is(spec: str, weights: WctWeights) -> None:
    message = r"wct\.safetensors has no statistics of '.*', but of: red, blue; give a picture"
    with pytest.raises(UnknownStyleError, match=message):
        wct_style.load(parse(spec), weights)


def test_weights_that_know_no_painting(tmp_path: Path) -> None:
    with pytest.raises(UnknownStyleError, match="of 'red', but of: none; give a picture"):
        wct_style.load(parse("red"), wct_weights.open_file(wct_file(tmp_path)))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("missing.png", None, "can't be read"),
        ("text.png", b"no picture", "not a picture that OpenCV can read"),
        ("empty.jpg", b"", "not a picture that OpenCV can read"),
    ],
)
def test_what_is_no_picture(
    name: str, data: bytes | None, message: str, weights: WctWeights, tmp_path: Path
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        wct_style.load(parse(str(tmp_path / name)), weights)
    assert name in str(caught.value)


def test_a_spec_that_cannot_be_read(weights: WctWeights) -> None:
    with pytest.raises(UsageError, match="is no weight"):
        wct_style.load(parse("red:much,blue:1"), weights)


def test_the_bundled_weights_know_the_bundled_styles() -> None:
    from stylize_video.models import styles

    weights = wct_weights.open_bundled()
    for name in styles.available():
        found = wct_style.load(parse(name), weights)
        assert all(np.isfinite(part).all() for level in LEVELS for part in found[level])
