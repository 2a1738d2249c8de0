"""Takes the flicker out of a painted film, whoever painted it.

Each frame becomes a mean of its own painting and of the frame before it, carried along the film's optical
flow, as far as that can be trusted: the temporal filter behind Ruder et al. 2016, "Artistic Style Transfer
for Videos" (section 4.2), and Lai et al. 2018, "Learning Blind Video Temporal Consistency". What such
filters are known for is kept away:

- Blur, from fetching again and again between the pixels: a cubic kernel fetches luma, and what detail is
  lost all the same is put back (`Sharpness`).
- Drift: all that is ever blended in is a frame's own painting, so that what stands still comes to its
  mean. Nothing is rounded on the way.
- Ghosts, of what is hidden or uncovered: nothing is carried where `confidence` finds no reason to, and what
  goes on differing from its painting over a whole area, which flicker doesn't, is painted anew.
- Lag, where the light changes: what is carried is as light as its painting over wide areas, as far as the
  film itself has changed there. A fade or a dissolve is no flicker.

docs/steadiness.md has a line for each tuned number, and benchmarks/ablation.py makes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from stylize_video.models.motion import flow_estimation as motion
from stylize_video.models.motion.flow_estimation import Motion
from stylize_video.models.motion.neighbours import FrameMotion, FromBefore
from stylize_video.models.steadying import opponent
from stylize_video.models.steadying.detail import Sharpness
from stylize_video.models.steadying.opponent import AnyPicture, Plane

if TYPE_CHECKING:
    from stylize_video.models.motion.flow import Flow
    from stylize_video.models.motion.flow_estimation import Grey

_MOST = 0.98  # of the frame before; with all of it, a painting would never change again
_GHOST = 14.0  # levels, of 255, lately between what is carried and the painting; half is lost there
_NOTICED = 0.2  # of each frame, in what is so lately: flicker comes and goes, a ghost stays
_AREA = 3  # px of the small pictures, a side: strokes are smaller, ghosts are larger
_UNSEEN = 1e-3  # trust of what is not trusted at all, so that there is always something to mix
_CELL = 8  # px of the small pictures, a side, in whose means light is followed


class _Past(NamedTuple):
    """What is kept of the frame before."""

    luma: Plane  # (H, W)
    chroma: Plane  # (H, W, 2) or half of that
    bias: Plane  # (h, w, 3), by how much it has lately been off its paintings, luma and chroma


@dataclass
class SteadyState:
    """What is known of a film when a frame is steadied; it can be pickled."""

    luma: Sharpness = field(default_factory=Sharpness)
    chroma: Sharpness = field(default_factory=Sharpness)
    past: _Past | None = None  # None: the next frame is the first of a shot

    def forget(self) -> None:
        """Start anew: the next frame is the first of a shot."""
        self.past = None
        self.luma.forget()
        self.chroma.forget()


class Stabilizer:
    """Steadies frame after frame of a film; what it knows of that film is in its state.

    Args:
        stability: 0..1, how much of the frame before is kept where it can be trusted.
        halved_chroma: whether steadied frames need no more chroma than most films have.

    Raises:
        ValueError: `stability` out of its range.
    """

    def __init__(self, stability: float, *, halved_chroma: bool = True) -> None:
        if not 0 <= stability <= 1:
            raise ValueError(f"{stability = } must be in 0..1")
        self._stability = min(_MOST, stability)
        self._halved = halved_chroma

    def start(self) -> SteadyState:
        """The state before a film's first frame."""
        return SteadyState()

    def steady(self, state: SteadyState, found: FrameMotion | None, painting: AnyPicture) -> AnyPicture:
        """The next frame, steadied; the first of a shot is its painting.

        Args:
            state: changed in place.
            found: the way from the frame that was painted to the one before it; None: it is too small to
                be steadied.
            painting: (H, W, 3) RGB, uint8 or float32 in 0..1.

        Returns:
            Of the painting's kind.
        """
        if found is None:
            return painting
        past, since = state.past, found.since
        if past is not None and (since is None or past.luma.shape != painting.shape[:2]):
            state.forget()
            past = None
        painted, chroma = opponent.split(painting, halved=self._halved)
        if past is None or since is None:
            state.past = _Past(painted, chroma, np.zeros((*found.grey.shape, 3), np.float32))
            return painting
        changes = self._changes(past, found, since.motion, painted, chroma)
        off = _means(*changes, found.grey.shape)
        _follow_light(changes, off, painted, found.grey, since)
        bias = _lately(past.bias, off, since.motion.back)
        same = 1 - _ghosts(bias)
        left = _contrast_left(since.grey, found.grey)
        kept = np.float32(self._stability * left) * since.trusted * same
        luma, weights = _blended(painted, changes[0], kept)
        mixed, chroma_weights = _blended(chroma, changes[1], kept)
        state.past = _Past(luma, mixed, bias * same[..., None])
        sharp = state.luma.restored(luma, weights), state.chroma.restored(mixed, chroma_weights[..., None])
        state.luma.learn(sharp[0], painted)
        state.chroma.learn(sharp[1], chroma)
        return opponent.join(*sharp, like=painting)

    def _changes(
        self, past: _Past, found: FrameMotion, moved: Motion, painted: Plane, chroma: Plane
    ) -> tuple[Plane, Plane]:
        """By how much luma and chroma, carried from the frame before, differ from the painting's."""
        wide = found.times * found.grey.shape[1] / moved.fine.shape[1]  # px of the frame in one of that flow
        luma_change = _fetch(past.luma, moved.fine, wide, cv2.INTER_CUBIC)
        luma_change -= painted  # in place, here and in `_blended`: at 4K a plane has 33 MB
        # Chroma is soft and sharpened anyway; a cubic kernel takes twice as long for nothing.
        halved = wide / (2 if self._halved else 1)
        chroma_change = _fetch(past.chroma, moved.fine, halved, cv2.INTER_LINEAR)
        chroma_change -= chroma
        return luma_change, chroma_change


def _blended(plane: Plane, change: Plane, kept: Plane) -> tuple[Plane, Plane]:
    """A painting's plane with as much of the change as is kept, and the weights that it had.

    Args:
        plane: (H, W) or (H, W, 2).
        change: of its shape; lost.
        kept: (h, w), of the small pictures.
    """
    weights = _resized(kept, plane.shape)
    change *= weights if plane.ndim == 2 else weights[..., None]
    change += plane
    return change, weights


def _fetch(plane: Plane, back: Flow, scale: float, kernel: int) -> Plane:
    """A plane of the frame before, along a flow found in a picture `scale` times smaller than the plane."""
    return motion.fetch(plane, _resized(back * np.float32(scale), plane.shape), kernel)


def _resized(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """To the height and width of a shape."""
    return np.asarray(cv2.resize(plane, shape[1::-1]), np.float32)


def _means(luma_change: Plane, chroma_change: Plane, size: tuple[int, ...]) -> Plane:
    """By how much areas of what is carried differ from the painting.

    Args:
        luma_change, chroma_change: (H, W) and (H/2, W/2, 2) levels.
        size: (h, w) of what is returned, (h, w, 3).
    """
    return np.asarray(
        cv2.merge([_smaller(change, size) for change in (luma_change, chroma_change)]), np.float32
    )


def _follow_light(
    changes: tuple[Plane, Plane], off: Plane, painted: Plane, grey: Grey, since: FromBefore
) -> None:
    """Take out of the changes what is light's: as large a share of it as the film has changed by.

    Args:
        changes: of luma and chroma; written to.
        off: (h, w, 3), their means.
        painted: luma of the painting.
        grey: (h, w), of the film.
        since: from there to the frame before.
    """
    before = motion.fetch(since.grey.astype(np.float32), since.motion.back)
    cells = tuple(max(1, round(side / _CELL)) for side in grey.shape)
    seen = since.trusted + np.float32(_UNSEEN)  # what is uncovered has another light of its own
    film, now, total = (_smaller(each, cells) for each in (before * seen, grey * seen, seen))
    wide = _smaller(off * seen[..., None], cells) / total[..., None]
    carried = off[..., 0] + _smaller(painted, grey.shape)  # its luma; in two steps: four times as fast
    lit = np.maximum(_smaller(carried * seen, cells) / total, 0)  # a cubic kernel may go below 0
    most = (np.abs(film - now) / np.maximum(film, total) * lit)[..., None]
    light = np.clip(wide, -most, most)
    for each, part in zip(changes, (light[..., 0], light[..., 1:]), strict=True):
        each -= _resized(np.ascontiguousarray(part), each.shape)


def _contrast_left(before: Grey, now: Grey) -> float:
    """1, and less where a film loses more than half of its contrast in one frame: the end of a fade to black.

    Painters that make any contrast their own make strokes of it to the last, and those go all at once.
    """
    left, there_was = (float(cv2.meanStdDev(grey)[1][0, 0]) for grey in (now, before))
    return min(1.0, 2 * left / there_was) if there_was else 1.0


def _smaller(plane: Plane, size: tuple[int, ...]) -> Plane:
    """To a height and width, each value the mean of what it stands for."""
    return np.asarray(cv2.resize(plane, size[1::-1], interpolation=cv2.INTER_AREA), np.float32)


def _lately(bias: Plane, off: Plane, back: Flow) -> Plane:
    """By how much what is carried has lately been off its paintings, (h, w, 3) levels: a mean that fades.

    Args:
        bias: (h, w, 3), the same for the frame before.
        off: (h, w, 3), by how much it is now.
        back: (h, w, 2) px, from now to before.
    """
    around = np.asarray(cv2.blur(off, (_AREA, _AREA)), np.float32)
    before = motion.fetch(bias, back)
    return np.asarray(cv2.addWeighted(before, 1 - _NOTICED, around, _NOTICED, 0), np.float32)


def _ghosts(off: Plane) -> Plane:
    """Where what is carried is another thing than what is painted, 0..1; flicker is of fine strokes."""
    fourth = np.square(_sum_of_squares(off) * np.float32(1 / _GHOST**2))
    weights: Plane = fourth / (1 + fourth)
    return weights


def _sum_of_squares(vectors: Plane) -> Plane:
    return np.asarray(cv2.transform(vectors * vectors, np.ones((1, 3), np.float32)), np.float32)
