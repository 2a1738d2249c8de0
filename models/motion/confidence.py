"""How far what a flow leads to is the same piece of the scene: one model, for all who carry or compare.

Three things speak against it, each a squared departure by the square of what is tolerated:

- the round trip: there and back again is elsewhere, as where something covers or uncovers the scene, with b
  the way back at p + f(p): |f + b|^2 by r^2 + (r' |f|)^2 + (r' |b|)^2;
- a motion edge: beside the outline of a moving thing flow is blurred:
  |grad u|^2 + |grad v|^2 by e^2 + (e' |f|)^2;
- the look: what the flow leads to has another colour: |difference|^2 by c^2 + (s |grad I|)^2, where c is
  noise and light, and s how far off the flow may be, which shows more where the picture has more structure;

and what lies outside of the other picture is never trusted. The first two are Sundaram et al. 2010, "Dense
Point Trajectories by GPU-accelerated Large Displacement Optical Flow" (section 4), which Ruder et al. 2016,
"Artistic Style Transfer for Videos", took over for painted films (section 4.2); their thresholds are
`PUBLISHED`, and films are measured with those (`visible`). The third is Lai et al. 2018, "Learning Blind
Video Temporal Consistency" (equation 5: exp(-50 |difference|^2), so that c = 36 levels).

Ours are the structure in the third; the sum d of all three with exp(-d^2) of it as the confidence, so that
small ones cost nothing and nothing is switched on or off from frame to frame; and one set of tolerances,
`CARRYING`, for keyframes, guides and the stabiliser. The stabiliser's flow is found coarsely and errs by
more: `COARSE` is the same set for that; and it is found one way only, so that it is spared the round trip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.motion.flow import (
    Flow,
    FlowPair,
    Mask,
    check_flow,
    check_size,
    destinations,
    fetch_from,
)

Confidence = NDArray[np.float32]  # (H, W) in 0..1
Plane = NDArray[np.float32]  # (H, W)

_SUM = np.ones((1, 2), np.float32)  # adds the two components of a vector


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """How large a departure may be, in px of the picture that is asked about.

    Attributes:
        round_trip, round_trip_share: px that there and back don't meet by, and share of the way (r, r').
        edge, edge_share: slope of a flow, px a px, and by the px of the way (e, e').
        colour: levels, of 255, of the root of the sum over three channels; grey ones count thrice (c).
        shift: px that the flow may be off where the picture has structure (s).
        border: px beyond the border that count as the border.
    """

    round_trip: float
    round_trip_share: float
    edge: float
    edge_share: float
    colour: float = math.inf
    shift: float = 0.0
    border: float = 0.0

    def coarser(self, times: float) -> Tolerances:
        """For a flow that errs by so many times as much; noise and light stay what they are."""
        return replace(
            self,
            round_trip=self.round_trip * times,
            round_trip_share=self.round_trip_share * times,
            edge=self.edge * times,
            edge_share=self.edge_share * times,
            shift=self.shift * times,
        )


PUBLISHED = Tolerances(round_trip=0.5**0.5, round_trip_share=0.1, edge=0.002**0.5, edge_share=0.1)
# Tuned on films of known motion (tests/known_motion.py: ghosts, precision and recall) and on clips
# (benchmarks/trust.py); docs/steadiness.md has a line for each.
CARRYING = Tolerances(
    round_trip=1.0, round_trip_share=0.05, edge=0.2, edge_share=0.2, colour=30.0, shift=1.0, border=0.5
)
COARSE = CARRYING.coarser(4)  # for flow that is asked about in a quarter of the frame's size


def confidence(
    pair: FlowPair, this: NDArray[Any], other: NDArray[Any], tolerances: Tolerances = CARRYING
) -> Confidence:
    """How far what is fetched along `pair.there` is the same piece of the scene.

    Args:
        pair: from this picture to the other.
        this, other: (H, W) or (H, W, 3) uint8, what was filmed.
        tolerances: of whom asks.

    Returns:
        (H, W) in 0..1: 0.37 where one departure is as large as is tolerated.
    """
    x, y = destinations(pair.there)
    trip = _round_trip(pair.there, pair.back, x, y, tolerances)
    doubt = trip.found / trip.tolerated
    doubt += _doubt(pair.there, x, y, this, other, tolerances)
    return _trusted(doubt, x, y, tolerances)


def one_way_confidence(
    there: Flow, this: NDArray[Any], other: NDArray[Any], tolerances: Tolerances
) -> Confidence:
    """As `confidence`, of a flow there alone: nothing is known of a round trip.

    Args:
        there: (H, W, 2) px, from this picture to the other.
        this, other, tolerances: see `confidence`.
    """
    x, y = destinations(there)
    return _trusted(_doubt(there, x, y, this, other, tolerances), x, y, tolerances)


def _doubt(
    there: Flow, x: Plane, y: Plane, this: NDArray[Any], other: NDArray[Any], tolerances: Tolerances
) -> Plane:
    """What the motion's edges and the look speak against it by, squared; x and y are where it ends."""
    edge = _motion_edge(there, tolerances)
    look = _structure(this) * np.float32(tolerances.shift**2) + np.float32(tolerances.colour**2)
    return edge.found / edge.tolerated + _unlike(fetch_from(other, x, y), this) / look


def _trusted(doubt: Plane, x: Plane, y: Plane, tolerances: Tolerances) -> Confidence:
    return np.asarray(cv2.exp(-doubt * doubt) * _inside(x, y, tolerances.border), np.float32)


def visible(forward: Flow, backward: Flow, tolerances: Tolerances = PUBLISHED) -> Mask:
    """Where the first picture's pixels are seen in the second as well, and the flow can be trusted.

    Colours have no say: a painting's are not the film's. Left out is what leaves the frame, with b the
    backward flow at p + f(p) what does not come back to where it was (occlusion):

        |f + b|^2 > 0.01 (|f|^2 + |b|^2) + 0.5

    and the edges of moving things, where the flow is blurred (Sundaram et al. 2010, section 4):

        |grad u|^2 + |grad v|^2 > 0.01 |f|^2 + 0.002

    Args:
        forward: (H, W, 2) px, from the first picture to the second.
        backward: (H, W, 2) px, from the second to the first.
        tolerances: the thresholds.

    Returns:
        (H, W) bool, in the first picture's place.
    """
    check_flow(forward, "forward")
    check_flow(backward, "backward")
    check_size(backward, "backward", forward)
    x, y = destinations(forward)
    trip, edge = _round_trip(forward, backward, x, y, tolerances), _motion_edge(forward, tolerances)
    trusted = (trip.found <= trip.tolerated) & (edge.found <= edge.tolerated)
    return _inside(x, y, tolerances.border) & trusted


class _Departure(NamedTuple):
    """Squared, (H, W) both."""

    found: Plane
    tolerated: Plane


def _round_trip(there: Flow, back: Flow, x: Plane, y: Plane, tolerances: Tolerances) -> _Departure:
    """How far there and back again is from where it began; x and y are where the way there ends."""
    returned = fetch_from(back, x, y)
    lengths = squared(there) + squared(returned)
    tolerated = tolerances.round_trip_share**2 * lengths + tolerances.round_trip**2
    return _Departure(squared(there + returned), tolerated)


def _motion_edge(flow: Flow, tolerances: Tolerances) -> _Departure:
    """How much the flow changes from px to px."""
    tolerated = tolerances.edge_share**2 * squared(flow) + tolerances.edge**2
    return _Departure(squared(_slope(flow, axis=1)) + squared(_slope(flow, axis=0)), tolerated)


def squared(vectors: Flow) -> Plane:
    """(H, W, 2) -> the squared lengths, (H, W)."""
    return np.asarray(cv2.transform(vectors * vectors, _SUM), np.float32)


def _slope(image: NDArray[np.float32], *, axis: int) -> NDArray[np.float32]:
    """Along one axis, by central differences as `np.gradient` has them; 0 where there is a single px."""
    slope = np.zeros_like(image)
    if image.shape[axis] > 1:
        values, slopes = (np.moveaxis(array, axis, 0) for array in (image, slope))
        np.subtract(values[2:], values[:-2], out=slopes[1:-1])
        slopes[1:-1] *= np.float32(0.5)
        slopes[0], slopes[-1] = values[1] - values[0], values[-1] - values[-2]
    return slope


def _unlike(fetched: NDArray[Any], this: NDArray[Any]) -> Plane:
    """Squared distance of colours, the sum over three channels; of colours over 3x3 px."""
    difference = cv2.subtract(fetched, this, dtype=cv2.CV_32F)
    if difference.ndim == 2:
        return np.asarray(difference * difference * np.float32(3), np.float32)
    difference = cv2.blur(difference, (3, 3))
    return np.asarray(np.square(difference).sum(-1), np.float32)


def _structure(this: NDArray[Any]) -> Plane:
    """Squared change of colour a px, the sum over three channels: (H, W) or (H, W, 3) -> (H, W)."""
    picture = this.astype(np.float32)
    change = np.square(_slope(picture, axis=1)) + np.square(_slope(picture, axis=0))
    if change.ndim == 2:
        return np.asarray(change * np.float32(3), np.float32)
    return np.asarray(change.sum(-1), np.float32)


def _inside(x: Plane, y: Plane, border: float) -> Mask:
    height, width = x.shape
    inside: Mask = (x >= -border) & (x <= width - 1 + border) & (y >= -border) & (y <= height - 1 + border)
    return inside
