"""Measures pairs of frames as they come, each against the pair before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from stylize_video.models.motion import confidence, flow
from stylize_video.models.steadying import steadiness
from stylize_video.models.steadying.steadiness import Luma
from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.scoring.pairing import Pair
from stylize_video.pipeline.scoring.series import Moment, Series
from stylize_video.pipeline.scoring.worst_places import Place, WorstPlaces

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

    Sample = tuple[Picture, Picture]  # of the input and of the output, of one size


@dataclass(frozen=True, eq=False)
class _Look:
    """A pair of frames as it is looked at."""

    time_s: float
    shot: int
    source: Picture
    output: Picture
    source_luma: Luma
    output_luma: Luma


class FrameScores:
    """What is found out about a film while its pairs of frames stream by.

    Attributes:
        series: the figures of each pair.
        worst: the places with the highest warping error.
        samples: frames of input and output at the times asked for.
    """

    def __init__(self, places: int, sample_times: Sequence[float]) -> None:
        self.series = Series()
        self.worst = WorstPlaces(places)
        self.samples: list[Sample] = []
        self._keeps_places = places > 0
        self._due = list(sample_times)  # s, of samples not taken yet, in order
        self._before: _Look | None = None

    def see(self, pair: Pair) -> None:
        """Measure one pair; they have to come in order."""
        look = _look(pair)
        before = self._before
        if before is not None and before.shot != look.shot:
            before = None
        change = _NOTHING if before is None else self._compare(before, look)
        self.series.add(_moment(look, change))
        if self._due and look.time_s >= self._due[0]:
            self._due = [time for time in self._due if time > look.time_s]
            self.samples.append((look.source, look.output))
        self._before = look

    def _compare(self, before: _Look, after: _Look) -> _Change:
        motion = flow.optical_flow(before.source, after.source)
        seen = confidence.visible(motion, flow.optical_flow(after.source, before.source))
        still = steadiness.still(before.source_luma, after.source_luma, motion)
        change = _Change(
            flow.warping_error(before.output, after.output, motion, seen),
            flow.warping_error(before.source, after.source, motion, seen),
            steadiness.squared_change(before.output_luma, after.output_luma, still),
            steadiness.squared_change(before.source_luma, after.source_luma, still),
            float(still.mean()),
        )
        if self._keeps_places and not math.isnan(change.warping_error):
            errors = change.warping_error, change.input_warping_error
            pictures = (before.source, after.source), (before.output, after.output)
            self.worst.offer(Place(after.time_s, *errors, *pictures, motion, seen))
        return change


class _Change(NamedTuple):
    """Those figures of a `Moment` that say what changed since the pair before it."""

    warping_error: float
    input_warping_error: float
    still_square: float
    input_still_square: float
    still_share: float


_NOTHING = _Change(*(math.nan,) * 5)  # of the first pair of a shot


def _as_picture(pixels: Pixels, size: tuple[int, int] | None = None) -> Picture:
    """A frame as 8 bits, and of a size if one is given.

    Args:
        pixels: (H, W, 3) RGB, uint8 or uint16 of the full range.
        size: width and height, px.
    """
    picture = pixels
    if picture.dtype != np.uint8:
        picture = cv2.convertScaleAbs(picture, alpha=1 / 257)
    height, width = picture.shape[:2]
    if size is not None and size != (width, height):
        shrinks = size[0] * size[1] < width * height
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(picture, np.uint8)


def _look(pair: Pair) -> _Look:
    source = _as_picture(pair.source.rgb)
    output = _as_picture(pair.output.rgb, (source.shape[1], source.shape[0]))
    lumas = steadiness.luma(source), steadiness.luma(output)
    return _Look(float(pair.source.time), pair.shot, source, output, *lumas)


def _moment(look: _Look, change: _Change) -> Moment:
    output, source = steadiness.light(look.output_luma), steadiness.light(look.source_luma)
    return Moment(
        time_s=look.time_s,
        shot=look.shot,
        **change._asdict(),
        detail=flow.detail(look.output),
        input_detail=flow.detail(look.source),
        horizontal_detail=flow.horizontal_detail(look.output),
        input_horizontal_detail=flow.horizontal_detail(look.source),
        luminance=output.luminance,
        input_luminance=source.luminance,
        contrast=output.contrast,
        input_contrast=source.contrast,
    )
