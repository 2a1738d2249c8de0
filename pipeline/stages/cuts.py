"""Cuts, found while the frames stream by and marked on them, so that every stage can drop its state there.

The score of PySceneDetect's ContentDetector says where anything changes. Whether that is a new shot, the
structure of the pictures decides: after a cut, hardly any part of the new picture is found in the old one,
wherever it may have moved to. The score knows no motion; to it a fast pan is one cut after another. A flash
is told by what comes after it: the picture that was there before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage, go_on
from stylize_video.pipeline.stages.likeness import SAME, Shrinker, Thumbnail, likeness

LOOK_AHEAD = 3  # frames; what comes back within so many was a flash

_CHANGED = 2.0  # ContentDetector's score (levels of 255) of a still with a little grain

# How much of a picture must be new, of 1. Between two photographs 0.45 to 0.85 is (1st to 99th percentile of
# 594 pairs); after a pan by 15 % of the width up to 0.18, a jerk of the hand 0.22, a zoom by 8 % 0.29.
_NEW, _NEW_IN_QUIET = 0.4, 1 - SAME
_TIMES_QUIET, _TIMES_WILD = 4, 1.5  # as much as in the frames around

_BACK = 0.72  # likeness of a picture that has come back
_FADING = 1.25  # times the contrast, from one frame of a fade to the next
_GONE = 3  # times the contrast, between the last frame of a fade and black

_BRIEF = 3  # frames; less is no shot: a flash, or both shots mixed by a converter of frame rates


def mark(frames: Iterable[Frame], *, look_ahead: int = LOOK_AHEAD) -> Iterator[Frame]:
    """All frames of a film as they come, those that begin a new shot with `cut`; see `Cuts`.

    Args:
        frames: those of one film; closed with this generator if it is one itself.
        look_ahead: frames that are held to tell a flash from a cut.

    Raises:
        ValueError: `look_ahead` below 0.
        Exception: whatever `frames` raises; the frames held are then lost with the run.
    """
    stage = Cuts(look_ahead)
    return go_on(stage, stage.start(), frames)


@dataclass
class CutsState:
    """What is known of a film's last few frames."""

    detector: CutDetector
    held: deque[Frame] = field(default_factory=deque)


class Cuts(Stage[CutsState, Frame]):
    """Marks the frames that begin a new shot; never the first of all.

    Args:
        look_ahead: frames that are held to tell a flash from a cut, 25 MB each at 4K; flashes of so many
            frames, three at most, are told. With 0, for live sources, none is held, and a flash counts as
            a cut when it comes, though not again when it goes.

    Raises:
        ValueError: `look_ahead` below 0.
    """

    name = "cuts"

    def __init__(self, look_ahead: int = LOOK_AHEAD) -> None:
        if look_ahead < 0:
            raise ValueError(f"{look_ahead = } must be at least 0")
        self._look_ahead = look_ahead
        self._shrink = Shrinker()

    @property
    def holds(self) -> int:
        """See `Stage.holds`."""
        return self._look_ahead

    def start(self, signal: Signal | None = None) -> CutsState:  # noqa: ARG002 - all films are alike
        """See `Stage.start`."""
        return CutsState(CutDetector(self._look_ahead))

    def step(self, state: CutsState, frame: Frame, /) -> Iterator[Frame]:
        """Take the next frame; give the one that can be judged by now."""
        state.detector.add(self._shrink(frame))
        state.held.append(frame)
        if len(state.held) > self._look_ahead:
            yield _marked(state.held.popleft(), cut=state.detector.is_cut(self._look_ahead))

    def finish(self, state: CutsState) -> Iterator[Frame]:
        """Give the last frames, by what is known."""
        while state.held:
            yield _marked(state.held.popleft(), cut=state.detector.is_cut(len(state.held)))


def _marked(frame: Frame, *, cut: bool) -> Frame:
    return frame if frame.cut == cut else replace(frame, cut=cut)


def _hue_saturation_value(picture: Pixels) -> NDArray[np.int32]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.int32)


def change(before: NDArray[np.int32], now: NDArray[np.int32]) -> float:
    """How much two pictures differ, in levels of 255: the score of PySceneDetect 0.7.

    Args:
        before, now: (H, W, 3) hue, saturation and value, as OpenCV has them.
    """
    return float(np.abs(now - before).mean((0, 1)).mean())


class CutDetector:
    """Says of each of the last few pictures of a film whether it begins a new shot.

    Args:
        look_ahead: how many pictures ago a picture that is asked about may lie; it keeps a few more.
    """

    def __init__(self, look_ahead: int = LOOK_AHEAD) -> None:
        self._colors: NDArray[np.int32] | None = None  # of the last picture
        self._thumbnails: deque[Thumbnail] = deque(maxlen=look_ahead + _BRIEF + 2)

    def add(self, picture: Pixels) -> None:
        """Take the next picture, (27, 48, 3) RGB uint8."""
        thumbnail = Thumbnail(picture)
        before, self._colors = self._colors, _hue_saturation_value(picture)
        if before is not None and change(before, self._colors) >= _CHANGED:
            thumbnail.new = 1 - likeness(thumbnail, self._thumbnails[-1])
        self._thumbnails.append(thumbnail)

    def is_cut(self, ago: int = 0) -> bool:
        """Whether the picture added so many pictures ago is the first of a shot, by what is known now.

        Of two breaks too near for a shot in between, the later is the cut.
        """
        soon = range(ago - 1, max(ago - _BRIEF, -1), -1)
        return self._breaks(ago) and not any(self._breaks(later) for later in soon)

    def _breaks(self, ago: int) -> bool:
        """Whether a picture has little to do with what was before, and that never comes back."""
        if ago + 1 >= len(self._thumbnails):  # the first of all
            return False
        return self._is_new(ago) and not self._fades(ago) and not self._comes_back(ago)

    def _is_new(self, ago: int) -> bool:
        """Whether more of a picture is new than usual around it: nothing but jerks is no cut."""
        sides = [self._news(ago + 2, ago + 1), self._news(ago - 1, ago - 2)]
        usual = median(sides[0] + sides[1] or [0.0])
        wild = min((max(side) for side in sides if side), default=0.0)  # a flash is on one side only
        enough = min(_NEW, max(_NEW_IN_QUIET, _TIMES_QUIET * usual))
        return self._thumbnails[-1 - ago].new >= max(enough, _TIMES_WILD * wild)

    def _news(self, *ages: int) -> list[float]:
        """How much was new in the pictures added so long ago, as far as there are such."""
        before = (self._at(ago) for ago in ages if ago + 1 < len(self._thumbnails))
        return [thumbnail.new for thumbnail in before if thumbnail is not None]

    def _fades(self, ago: int) -> bool:
        """Whether a picture is the black after a fade, or the first one after black.

        Then contrast goes, or comes, step by step.
        """
        before, now = self._thumbnails[-2 - ago].contrast, self._thumbnails[-1 - ago].contrast
        if now * _GONE < before:
            earlier = self._at(ago + 2)
            return earlier is not None and earlier.contrast > _FADING * before
        later = self._at(ago - 1)
        return now > _GONE * before and later is not None and later.contrast > _FADING * now

    def _comes_back(self, ago: int) -> bool:
        """Whether a flash begins here, or has ended: what was before it is seen again after it."""
        begins = [(ago + 1, ago - step) for step in range(1, _BRIEF + 1)]
        ended = [(ago + 1 + step, ago) for step in range(1, _BRIEF + 1)]
        for one, other in begins + ended:
            before, after = self._at(one), self._at(other)
            if before and after and likeness(after, before) >= _BACK:
                return True
        return False

    def _at(self, ago: int) -> Thumbnail | None:
        """The picture added so many pictures ago, if there is one."""
        return self._thumbnails[-1 - ago] if 0 <= ago < len(self._thumbnails) else None
