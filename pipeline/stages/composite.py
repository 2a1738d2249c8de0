"""The painting and the original, mixed in the film's own planes.

Mixing happens where the film is stored, not in RGB: the conversion to RGB clips colours that no screen
shows and smooths chroma, so an original that went through it would not come back as it was. Luma and
chroma are affine in RGB, so a mix of planes is the mix of the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.planes import color
from stylize_video.pipeline.planes.color import ColorConverter, planes_of
from stylize_video.pipeline.signal import ColorTags, Signal

Matte = NDArray[np.float32]


class Covers(Protocol):
    """How much of each pixel is painted, for one frame after the other."""

    def at(self, time: Fraction, size: tuple[int, int]) -> Matte:
        """(H, W) in 0..1 for the frame at `time` (s), whose upright size is `size` (height, width).

        The same array means the same weights.
        """
        ...


class Compositor:
    """Painted frames -> pictures for the encoder.

    Args:
        signal: of the film.
        pixel_format: what the encoder wants.
        output: how the encoder's pictures are coded; by default as the film's.
        strength: how much of the painting, 0..1; the rest is the original. Where it changes over the film,
            what gives that of the frame at a time (s).
        preserve_color: take only the luminance from the painting, the colours from the original.
        coverage: where the painting is, and how much of it; multiplies `strength`. By default everywhere.
    """

    def __init__(
        self,
        signal: Signal,
        pixel_format: str,
        *,
        output: ColorTags | None = None,
        strength: float | Callable[[Fraction], float] = 1.0,
        preserve_color: bool = False,
        coverage: Covers | None = None,
    ) -> None:
        self._strength_at = strength if callable(strength) else None
        self._strength = 1.0 if callable(strength) else _checked(strength)
        self._preserve_color = preserve_color
        self._coverage = coverage
        self._covered: Matte | None = None  # what `_shares` were made from
        self._shares: list[Matte] = []
        self._turns = signal.quarter_turns
        self._pixel_format = pixel_format
        self._rgb = color.is_rgb(pixel_format)
        deep = "rgb48le" if color.bit_depth(pixel_format) > 8 else "rgb24"
        self._mixed_in = deep if self._rgb else pixel_format
        self._converter = ColorConverter(
            signal.color, signal.coded_height, signal.quarter_turns, output=output
        )

    @property
    def needs_source(self) -> bool:
        """Whether frames must carry their original planes."""
        changes = self._strength_at is not None
        return changes or self._strength < 1 or self._preserve_color or self._coverage is not None

    def __call__(self, frame: Frame) -> av.VideoFrame:
        """One painted frame -> one picture in stored orientation, with its time."""
        picture = frame.painting
        if picture is None:
            picture = self._converter.planes(frame.rgb, self._mixed_in)
        if self.needs_source:
            if frame.source is None:
                raise ValueError("mixing needs the frame's original planes")
            original = self._converter.convert(frame.source, self._mixed_in)
            if self._strength_at is not None:
                self._change_strength(_checked(self._strength_at(frame.time)))
            if self._preserve_color:
                self._restore_colors(picture, original)
            if self._coverage is not None:
                self._mix_where(self._coverage.at(frame.time, self._upright_size(picture)), picture, original)
            elif self._strength < 1:
                self._mix(picture, original)
        if self._mixed_in != self._pixel_format:  # RGB to another order of RGB
            picture = picture.reformat(format=self._pixel_format)
        picture.pts = frame.pts
        picture.time_base = frame.time_base
        picture.duration = frame.duration
        return picture

    def _change_strength(self, strength: float) -> None:
        if strength != self._strength:
            self._strength, self._covered = strength, None  # the shares were made for the one before

    def _restore_colors(self, picture: av.VideoFrame, original: av.VideoFrame) -> None:
        painted, source = planes_of(picture), planes_of(original)
        if self._rgb:
            size = (picture.height, picture.width, 3)
            ycc, colors = (cv2.cvtColor(p[0].reshape(size), cv2.COLOR_RGB2YCrCb) for p in (painted, source))
            ycc[..., 1:] = colors[..., 1:]
            painted[0][...] = cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB).reshape(painted[0].shape)
            return
        for mine, theirs in zip(painted[1:], source[1:], strict=True):
            mine[...] = theirs

    def _mix(self, picture: av.VideoFrame, original: av.VideoFrame) -> None:
        for mine, theirs in zip(planes_of(picture), planes_of(original), strict=True):
            # addWeighted rounds and saturates, in 8 and 16 bits alike.
            mine[...] = cv2.addWeighted(mine, self._strength, theirs, 1 - self._strength, 0)

    def _upright_size(self, picture: av.VideoFrame) -> tuple[int, int]:
        """Height and width, px."""
        if self._turns % 2:
            return picture.width, picture.height
        return picture.height, picture.width

    def _mix_where(self, covered: Matte, picture: av.VideoFrame, original: av.VideoFrame) -> None:
        if covered is not self._covered:
            stored = np.rot90(covered, -self._turns) * np.float32(self._strength)
            self._covered, self._shares = covered, list(_for_planes(stored, picture))
        for share, mine, theirs in zip(self._shares, planes_of(picture), planes_of(original), strict=True):
            # At a share of 0 or 1 this is exact: float32 holds sums and differences of 16 bits.
            change = cv2.multiply(cv2.subtract(mine, theirs, dtype=cv2.CV_32F), share)
            depth = cv2.CV_8U if mine.dtype == np.uint8 else cv2.CV_16U
            mine[...] = cv2.add(theirs, change, dtype=depth)


def _checked(strength: float) -> float:
    if not 0 <= strength <= 1:
        raise ValueError(f"{strength = } must be in 0..1")
    return strength


def _for_planes(weights: Matte, picture: av.VideoFrame) -> Iterator[Matte]:
    """A matte (H, W) in stored orientation -> those of each plane's samples, averaged over their pixels."""
    for plane, view in zip(picture.planes, planes_of(picture), strict=True):
        share = _averaged(weights, plane.width, plane.height)
        samples = view.shape[1] // plane.width  # several where colours are stored side by side
        yield np.repeat(share, samples, axis=1).astype(np.float32, copy=False)


def _averaged(weights: Matte, width: int, height: int) -> NDArray[Any]:
    """Means over cells of whole pixels; a cell that juts out repeats the edge."""
    across, down = -(-weights.shape[1] // width), -(-weights.shape[0] // height)
    if (across, down) == (1, 1):
        return weights
    missing = (height * down - weights.shape[0], width * across - weights.shape[1])
    padded = np.pad(weights, ((0, missing[0]), (0, missing[1])), mode="edge")
    return cv2.resize(padded, (width, height), interpolation=cv2.INTER_AREA)
