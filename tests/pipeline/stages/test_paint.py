"""The stages between reader and encoder."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from stylize_video.models.canvas import Canvas
from stylize_video.pictures.arrays import to_unit
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.stages.canvas import PaintOnCanvas
from tests.pipeline._stages import through

RNG = np.random.default_rng(0)


class Stripes:
    """Paints upright stripes 8 px apart over whatever it is given, and notes its sizes."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.notes: list[str] = []

    def new_shot(self) -> None:
        """It knows nothing."""

    def new_canvas(self, height: int, width: int) -> Canvas:
        return Canvas.of(height, width, seed=0)

    def prepare(self, *_: Any, **__: Any) -> None:
        """There is nothing to do."""

    def paint(self, images: Any, *_: Any) -> Any:
        self.seen.append(tuple(images.shape))
        wave = np.sin(np.arange(images.shape[2]) * (2 * np.pi / 8))
        return np.broadcast_to(0.5 + 0.4 * wave[:, None], images.shape).astype(np.float32)


def unmoved(pixels: Any, frames: list[Frame]) -> FrameBatch:
    """A batch of which no motion is known."""
    return FrameBatch(pixels, frames, motion=[None] * len(frames))


def batch(height: int, width: int, count: int = 2) -> FrameBatch:
    """Frames of noise."""
    pixels = np.zeros((height, width, 3), np.uint8)
    frames = [Frame(pixels, pts=number, time_base=Fraction(1, 25)) for number in range(count)]
    return unmoved(RNG.random((count, height, width, 3), np.float32), frames)


def painted(given: FrameBatch, stroke_size: float) -> tuple[FrameBatch, Stripes]:
    """What a painter of stripes makes of a batch."""
    engine = Stripes()
    (result,) = through(PaintOnCanvas(engine, None, stroke_size=stroke_size), [given])
    return result, engine


def period(picture: Any) -> float:
    """The distance of the stripes in px, by the strongest frequency of a row."""
    row = picture[len(picture) // 2, :, 0]
    spectrum = np.abs(np.fft.rfft(row - row.mean()))
    return len(row) / int(spectrum.argmax())


@pytest.mark.parametrize("stroke_size", [0.5, 1.0, 2.0, 4.0])
def test_strokes_are_as_many_times_as_large(stroke_size: float) -> None:
    given = batch(48, 192)
    result, engine = painted(given, stroke_size)
    assert result.pixels.shape == given.pixels.shape
    assert result.frames is given.frames
    assert engine.seen == [(2, 48 / stroke_size, 192 / stroke_size, 3)]
    assert period(result.pixels[0]) == 8 * stroke_size
    assert 0 <= result.pixels.min() <= result.pixels.max() <= 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 50), (37, 21)])
def test_any_frame_keeps_its_size(height: int, width: int) -> None:
    result, _ = painted(batch(height, width), 4.0)
    assert result.pixels.shape == (2, height, width, 3)


def faded(contrast: float, dtype: type = np.float32) -> tuple[Any, Any]:
    """A frame whose pixels deviate so much from a dark grey, in levels of 255, and its painting."""
    given = (0.1 + contrast / 255 * (2.0 * (RNG.random((1, 64, 64, 3)) > 0.5) - 1)).astype(np.float32)
    pixels = np.rint(given * 255).astype(np.uint8) if dtype is np.uint8 else given
    frame = Frame(np.zeros((64, 64, 3), np.uint8), pts=0, time_base=Fraction(1, 25))
    (result,) = through(PaintOnCanvas(Stripes(), None), [unmoved(pixels, [frame])])
    return to_unit(pixels), result.pixels


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_a_frame_without_contrast_stays_as_it_is(dtype: type) -> None:
    for contrast in (0.0, 0.4):
        given, result = faded(contrast, dtype)
        assert np.abs(result - given).max() < 1e-6


def test_a_fade_goes_from_the_painting_to_the_original_without_a_jump() -> None:
    contrasts = [8.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    shares = []
    for contrast in contrasts:
        given, result = faded(contrast)
        wave = Stripes().paint(given) - given
        shares.append(float(((result - given) * wave).sum() / np.square(wave).sum()))
    assert shares == pytest.approx([1, 1, 1, 2 / 3, 1 / 3, 0], abs=0.02)


def test_only_the_flat_frames_of_a_batch_are_spared() -> None:
    given = np.stack([np.zeros((32, 32, 3), np.float32), RNG.random((32, 32, 3), np.float32)])
    frames = [Frame(np.zeros((32, 32, 3), np.uint8), pts=n, time_base=Fraction(1, 25)) for n in range(2)]
    (result,) = through(PaintOnCanvas(Stripes(), None), [unmoved(given, frames)])
    assert np.array_equal(result.pixels[0], given[0])
    assert np.allclose(result.pixels[1], Stripes().paint(given)[1])
