"""Takes the flicker out of a painted film, whoever painted it.

Each frame becomes a mean of its own painting and of the frame before it, carried along the film's optical
flow, as far as that can be trusted: the temporal filter behind Ruder et al. 2016, "Artistic Style Transfer
for Videos" (section 4.2), and Lai et al. 2018, "Learning Blind Video Temporal Consistency". What such
filters are known for is kept away:

- Blur, from fetching again and again between the pixels: a cubic kernel fetches luma, and what detail is
  lost all the same is put back (`_Sharpness`).
- Drift: all that is ever blended in is a frame's own painting, so that what stands still comes to its
  mean. Nothing is rounded on the way.
- Ghosts, of what is hidden or uncovered: nothing is carried where `motion.trust` finds no reason to. What
  differs from its painting over a whole area is painted anew: at once next to moving things, elsewhere when
  it goes on doing so, which flicker doesn't. A pixel painted anew follows its painting closely at first, as
  the mean of the few there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from stylize_video.models import motion, opponent
from stylize_video.models.motion import Motion, MotionEstimator, View, Weights
from stylize_video.models.opponent import Painting, Plane

if TYPE_CHECKING:
    from stylize_video.models.flow import Flow
    from stylize_video.models.pictures import Picture  # (H, W, 3) uint8 RGB

_MOST = 0.98  # of the frame before; with all of it, a painting would never change again
# In larger frames strokes, of so many px each, are finer to the eye, and a longer mean costs less of them.
_USUAL_SIDE = 640  # px

_GHOST = 14.0  # levels, of 255, between what is carried and the painting; half of the trust is lost there
_NOTICED = np.float32(0.1)  # of each frame: flicker comes and goes, a ghost stays
_DOUBTED = 0.4  # trust; what has less is painted anew
_OLD = 64  # frames; nobody asks who is older

_LEARN_EVERY = 2  # frames of which one is measured, and in it
_EVERY = 9  # rows of which one is


class _Past(NamedTuple):
    """What is kept of the frame before."""

    view: View
    luma: Plane  # (H, W)
    chroma: Plane  # (H, W, 2) or half of that
    age: Weights  # (h, w), how many paintings are in each pixel's mean
    bias: Plane  # (h, w, 3), by how much it has lately been off its paintings, luma and chroma


class Stabilizer:
    """Frame after frame of one film.

    Args:
        estimator: finds motion.
        stability: 0..1, how much of the frame before is kept where it can be trusted; in frames larger than
            640 px, the root of it by which what is kept fades as many times slower as they are larger.
        sharpening: of the luma's detail that a mean has lost, so much is put back beyond what its painting
            has. Of two pictures with as much detail the mean has less of the finest strokes, and is further
            from the style; a little more makes up for it, but flickers more. Below 0, less is put back.
        halved_chroma: whether steadied frames need no more chroma than most films have.

    Raises:
        ValueError: `stability` out of its range.
    """

    def __init__(
        self,
        estimator: MotionEstimator,
        stability: float,
        *,
        sharpening: float = 0.0,
        halved_chroma: bool = True,
    ) -> None:
        if not 0 <= stability <= 1:
            raise ValueError(f"{stability = } must be in 0..1")
        self._estimator = estimator
        self._stability = stability
        self._sharpening = sharpening
        self._halved = halved_chroma
        self.forget()

    def forget(self) -> None:
        """Start anew: the next frame is the first of a shot."""
        self._past: _Past | None = None
        self._frames = 0  # of this shot
        self._luma, self._chroma = _Sharpness(self._sharpening), _Sharpness(0.0)

    def steady(self, original: Picture, painting: Painting) -> Painting:
        """The next frame, steadied; the first of a shot is its painting.

        Args:
            original: (H, W, 3) RGB uint8, the frame that was painted.
            painting: (H, W, 3) RGB, uint8 or float32 in 0..1.

        Returns:
            Of the painting's kind.
        """
        if not motion.can_be_found(original):
            return painting
        if self._past is not None and self._past.luma.shape != painting.shape[:2]:
            self.forget()
        view, past = View.of(original), self._past
        self._frames += 1
        painted, chroma = opponent.split(painting, halved=self._halved)
        if past is None:
            new = np.ones(view.grey.shape, np.float32)
            self._past = _Past(view, painted, chroma, new, np.zeros((*new.shape, 3), np.float32))
            return painting
        times = motion.shrunk_by(original)
        moved = self._estimator.between(past.view, view)
        wide = times * view.grey.shape[1] / moved.fine.shape[1]  # px of the frame in one of that flow
        luma_change = _fetch(past.luma, moved.fine, wide, cv2.INTER_CUBIC)
        luma_change -= painted
        # Chroma is soft and sharpened anyway; a cubic kernel takes twice as long for nothing.
        shrunk = wide / (2 if self._halved else 1)
        chroma_change = _fetch(past.chroma, moved.fine, shrunk, cv2.INTER_LINEAR)
        chroma_change -= chroma
        off = _means(luma_change, chroma_change, view.grey.shape)
        weights, age, bias = self._weights(past, view, moved, times, off)
        luma_weights = _resized(weights, painted.shape)
        luma_change *= luma_weights
        luma_change += painted  # in place, here and below: at 4K a plane has 33 MB
        luma = luma_change
        chroma_weights = _resized(weights, chroma.shape)[..., None]
        chroma_change *= chroma_weights
        chroma_now = chroma + chroma_change
        self._past = _Past(view, luma, chroma_now, age, bias)
        sharp_chroma = self._chroma.restored(chroma_now, chroma_weights)
        steadied = opponent.join(self._luma.restored(luma, luma_weights), sharp_chroma, like=painting)
        if self._frames % _LEARN_EVERY == 0:
            self._luma.learn(_luma_rows(steadied), _luma_rows(painting), _rows(luma))
            self._chroma.learn(_rows(sharp_chroma), _rows(chroma), _rows(chroma_now))
        return steadied

    def _weights(
        self, past: _Past, now: View, moved: Motion, times: int, off: Plane
    ) -> tuple[Weights, Weights, Plane]:
        """How much of what is carried to keep, (h, w), and the next `age` and `bias`."""
        bias = (1 - _NOTICED) * motion.fetch(past.bias, moved.back) + _NOTICED * off
        ghosts = _ghosts(off) * motion.beside_motion(moved.back, times=times)
        kept = (1 - ghosts) * (1 - _ghosts(bias))
        trusted = motion.trust(past.view.grey, now.grey, moved, times=times) * kept
        fetched = motion.fetch(past.age, moved.back)
        age = np.where(trusted > _DOUBTED, fetched, np.float32(1))
        most = np.float32(most_kept(self._stability, max(now.picture.shape[:2])))
        weights = trusted * np.minimum(most, age / (age + 1))
        return weights, np.minimum(age + 1, np.float32(_OLD)), bias * kept[..., None]


def most_kept(stability: float, longer_side: int) -> float:
    """The share of the frame before that is kept in frames of so many px, where it is wholly trusted."""
    return float(min(_MOST, stability ** min(1.0, _USUAL_SIDE / longer_side)))


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
    return np.asarray(cv2.blur(means, (3, 3)), np.float32)


def _ghosts(off: Plane) -> Weights:
    """Where what is carried is another thing than what is painted, 0..1; flicker is of fine strokes."""
    fourth = np.square(_sum_of_squares(off) * np.float32(1 / _GHOST**2))
    weights: Weights = fourth / (1 + fourth)
    return weights


def _sum_of_squares(vectors: Plane) -> Plane:
    return np.asarray(cv2.transform(vectors * vectors, np.ones((1, 3), np.float32)), np.float32)


class _Sharpness:
    """Gives a mean of paintings the detail of one, by unsharp masking as strong as that takes.

    Args:
        more: what is put back beyond it, as a share of what was lost.
    """

    _LEAST, _MOST = -0.5, 2.5  # gains; below 0 it takes off what a cubic kernel adds to a slow pan

    def __init__(self, more: float) -> None:
        self._more = more
        self._gain = 0.0

    def restored(self, plane: Plane, weights: Plane) -> Plane:
        """A plane, sharpened where it was carried along; weights are (H, W), or (H, W, 1) for two of them."""
        fine = np.asarray(cv2.blur(plane, (5, 5)), np.float32)
        np.subtract(plane, fine, out=fine)
        fine *= weights
        return np.asarray(cv2.scaleAdd(fine, self._gain, plane, fine), np.float32)

    def learn(self, steadied: _Rows, painted: _Rows, mean: _Rows) -> None:
        """Take what came out, of which mean, for the next frame: the gain moves by what is missing."""
        detail = _detail(*painted)
        if detail > 0:  # else it is of one colour
            lost = max(0.0, 1 - _detail(*mean) / detail)
            missing = 1 + self._more * lost - _detail(*steadied) / detail
            self._gain = min(self._MOST, max(self._LEAST, self._gain + missing))


class _Rows(NamedTuple):
    """Some rows of a picture, and those below them."""

    these: Plane
    below: Plane


def _rows(picture: Painting) -> _Rows:
    """Every ninth; painters have patterns of 2, 4 and 8 px."""
    last = (len(picture) - 1) // _EVERY * _EVERY
    these, below = (picture[first : last + first : _EVERY] for first in (0, 1))
    return _Rows(these, below)


def _luma_rows(painting: Painting) -> _Rows:
    """In 0..255, of either kind of painting."""
    parts = (opponent.split(np.ascontiguousarray(rows), halved=False) for rows in _rows(painting))
    (these, _), (below, _) = parts
    return _Rows(these, below)


def _detail(rows: Plane, below: Plane) -> float:
    """Mean gradient magnitude, by forward differences; 0 for too small a picture."""
    if not rows.size or rows.shape[1] < 2:
        return 0.0
    across, down = rows[:, 1:] - rows[:, :-1], below[:, :-1] - rows[:, :-1]
    return float(np.sqrt(across * across + down * down).mean())
