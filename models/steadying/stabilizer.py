"""Takes the flicker out of a painted film, whoever painted it.

Each frame becomes a mean of its own painting and of the frame before it, carried along the film's optical
flow, as far as that can be trusted: the temporal filter behind Ruder et al. 2016, "Artistic Style Transfer
for Videos" (section 4.2), and Lai et al. 2018, "Learning Blind Video Temporal Consistency". What such
filters are known for is kept away:

- Blur, from fetching again and again between the pixels: a cubic kernel fetches luma, and what detail is
  lost all the same is put back (`Sharpness`).
- Drift: all that is ever blended in is a frame's own painting, so that what stands still comes to its
  mean. Nothing is rounded on the way.
- Blotches, of light and colour that come and go: of means over small areas more is kept than of strokes
  (`broad_means`).
- Ghosts, of what is hidden or uncovered: nothing is carried where `confidence` finds no reason to. What
  differs from its painting over a whole area is painted anew: at once next to moving things, elsewhere when
  it goes on doing so, which flicker doesn't. A pixel painted anew follows its painting closely at first, as
  the mean of the few there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from stylize_video.models.motion import flow_estimation as motion
from stylize_video.models.motion.flow_estimation import Motion
from stylize_video.models.motion.neighbours import FrameMotion, FromBefore
from stylize_video.models.steadying import detail, opponent
from stylize_video.models.steadying.detail import Sharpness
from stylize_video.models.steadying.opponent import AnyPicture, Plane

if TYPE_CHECKING:
    from stylize_video.models.motion.flow import Flow

_MOST = 0.98  # of the frame before; with all of it, a painting would never change again
# In larger frames strokes, of so many px each, are finer to the eye, and a longer mean costs less of them.
_USUAL_SIDE = 640  # px

_GHOST = 14.0  # levels, of 255, between what is carried and the painting; half of the trust is lost there
# Of means over small areas more is kept than of strokes: light and colour that come and go are the flicker
# that one sees first, and a style loses least by their mean. In frames of the usual size more than this
# would lag behind in a fade.
_MOST_BROAD = 0.9
_AROUND = 5  # px of the small pictures, 20 of most frames
_LIT = 2.0  # levels a frame by which the whole film grows lighter or darker; two thirds of that more are lost

_NOTICED = np.float32(0.1)  # of each frame: flicker comes and goes, a ghost stays
_DOUBTED = 0.4  # trust; what has less is painted anew
_OLD = 64  # frames; nobody asks who is older

_LEARN_EVERY = 2  # frames of which the sharpness of one is measured


class _Past(NamedTuple):
    """What is kept of the frame before."""

    luma: Plane  # (H, W)
    chroma: Plane  # (H, W, 2) or half of that
    age: Plane  # (h, w), how many paintings are in each pixel's mean
    bias: Plane  # (h, w, 3), by how much it has lately been off its paintings, luma and chroma


@dataclass
class SteadyState:
    """What is known of a film when a frame is steadied; it can be pickled."""

    luma: Sharpness
    chroma: Sharpness
    past: _Past | None = None  # None: the next frame is the first of a shot
    frames: int = 0  # of this shot

    def forget(self) -> None:
        """Start anew: the next frame is the first of a shot."""
        self.past, self.frames = None, 0
        self.luma.forget()
        self.chroma.forget()


class _Kept(NamedTuple):
    """Of what is carried from the frame before."""

    fine: Plane  # (h, w), how much of its strokes
    broad: Plane  # (h, w), how much of its broad means
    age: Plane  # (h, w), the next of `_Past`
    bias: Plane  # (h, w, 3), the same


class Stabilizer:
    """Steadies frame after frame of a film; what it knows of that film is in its state.

    Args:
        stability: 0..1, how much of the strokes of the frame before is kept where it can be trusted, and
            more of their means (`broadly_kept`); in frames larger than 640 px, the root of it by which what
            is kept fades as many times slower as they are larger.
        sharpening: of the luma's detail that a mean has lost, so much is put back beyond what its painting
            has. Of two pictures with as much detail the mean has less of the finest strokes, and is further
            from the style; a little more makes up for it, but flickers more. Below 0, less is put back.
        halved_chroma: whether steadied frames need no more chroma than most films have.

    Raises:
        ValueError: `stability` out of its range.
    """

    def __init__(
        self,
        stability: float,
        *,
        sharpening: float = 0.0,
        halved_chroma: bool = True,
    ) -> None:
        if not 0 <= stability <= 1:
            raise ValueError(f"{stability = } must be in 0..1")
        self._stability = stability
        self._sharpening = sharpening
        self._halved = halved_chroma

    def start(self) -> SteadyState:
        """The state before a film's first frame."""
        return SteadyState(Sharpness(self._sharpening), Sharpness(0.0))

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
        state.frames += 1
        painted, chroma = opponent.split(painting, halved=self._halved)
        if past is None or since is None:
            new = np.ones(found.grey.shape, np.float32)
            state.past = _Past(painted, chroma, new, np.zeros((*new.shape, 3), np.float32))
            return painting
        luma_change, chroma_change = self._changes(past, found, since.motion, painted, chroma)
        off = _means(luma_change, chroma_change, found.grey.shape)
        kept = self._kept(past, found, since, off)
        means = broad_means(off, kept.broad) * (kept.broad - kept.fine)[..., None]
        luma, luma_weights = _blended(painted, luma_change, kept.fine, means[..., 0])
        chroma_now, chroma_weights = _blended(chroma, chroma_change, kept.fine, means[..., 1:])
        state.past = _Past(luma, chroma_now, kept.age, kept.bias)
        sharp_chroma = state.chroma.restored(chroma_now, chroma_weights)
        steadied = opponent.join(state.luma.restored(luma, luma_weights), sharp_chroma, like=painting)
        if state.frames % _LEARN_EVERY == 0:
            state.luma.learn(detail.luma_rows(steadied), detail.luma_rows(painting), detail.rows(luma))
            state.chroma.learn(detail.rows(sharp_chroma), detail.rows(chroma), detail.rows(chroma_now))
        return steadied

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

    def _kept(self, past: _Past, found: FrameMotion, since: FromBefore, off: Plane) -> _Kept:
        """How much of what is carried to keep, where it is `off` its painting by so much."""
        back = since.motion.back
        smooth = np.asarray(cv2.blur(off, (3, 3)), np.float32)
        bias = (1 - _NOTICED) * motion.fetch(past.bias, back) + _NOTICED * smooth
        ghosts = _ghosts(smooth) * motion.beside_motion(back, times=found.times)
        same = (1 - ghosts) * (1 - _ghosts(bias))
        trusted = since.trusted * same
        fetched = motion.fetch(past.age, back)
        age = np.where(trusted > _DOUBTED, fetched, np.float32(1))
        mean = age / (age + 1)
        side = max(past.luma.shape)
        fine, broad = (
            trusted * np.minimum(np.float32(most_kept(share, side)), mean)
            for share in (self._stability, broadly_kept(self._stability))
        )
        lit = motion.change_of_light(since.grey, found.grey, back, trusted)
        return _Kept(
            fine=fine,
            broad=fine + (broad - fine) * np.float32(np.exp(-((lit / _LIT) ** 2))),
            age=np.minimum(age + 1, np.float32(_OLD)),
            bias=bias * same[..., None],
        )


def most_kept(stability: float, longer_side: int) -> float:
    """The share of the frame before that is kept in frames of so many px, where it is wholly trusted."""
    return float(min(_MOST, stability ** min(1.0, _USUAL_SIDE / longer_side)))


def broadly_kept(stability: float) -> float:
    """The share of broad means that is kept in frames of the usual size, where so much is kept of strokes.

    The share of what is new is squared: a ninth of them where it is a third of the strokes.
    """
    return max(stability, min(_MOST_BROAD, 1 - (1 - stability) ** 2))


def _blended(plane: Plane, change: Plane, kept: Plane, means: Plane) -> tuple[Plane, Plane]:
    """A painting's plane, with as much of the change as is kept, and of its means; and the weights it had.

    Args:
        plane: (H, W) or (H, W, 2).
        change: of its shape; lost.
        kept, means: (h, w), and (h, w) or (h, w, 2), of the small pictures.
    """
    weights = _resized(kept, plane.shape)
    if plane.ndim == 3:
        weights = weights[..., None]
    change *= weights
    change += _resized(means, plane.shape)
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
    changes = (luma_change, *cv2.split(chroma_change))
    means = cv2.merge([cv2.resize(change, size[::-1], interpolation=cv2.INTER_AREA) for change in changes])
    return np.asarray(means, np.float32)


def broad_means(off: Plane, kept: Plane) -> Plane:
    """Means of what is trusted around each pixel.

    By normalised convolution (Knutsson and Westin 1993, "Normalized and Differential Convolution").

    Args:
        off: (h, w, 3) levels, by how much what is carried differs from the painting.
        kept: (h, w), how far each pixel counts.

    Returns:
        (h, w, 3) levels; 0 where nothing around counts.
    """
    around = (_AROUND, _AROUND)
    weights = cv2.blur(kept, around) + np.float32(1e-6)
    return np.asarray(cv2.blur(off * kept[..., None], around) / weights[..., None], np.float32)


def _ghosts(off: Plane) -> Plane:
    """Where what is carried is another thing than what is painted, 0..1; flicker is of fine strokes."""
    fourth = np.square(_sum_of_squares(off) * np.float32(1 / _GHOST**2))
    weights: Plane = fourth / (1 + fourth)
    return weights


def _sum_of_squares(vectors: Plane) -> Plane:
    return np.asarray(cv2.transform(vectors * vectors, np.ones((1, 3), np.float32)), np.float32)
