"""A frame between two keys, out of both keys' paintings carried there. Pure functions; no torch.

Two paintings of one scene differ in their strokes, and the mean of two sets of strokes is neither: grey and
soft. So what is broad, colour and light, is mixed as it is, and the strokes so that they keep their contrast
(`detail.local_gain`). What neither key shows is another painter's, in the colours of what surrounds it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.float_pictures import FloatPicture
from stylize_video.models.motion.confidence import Confidence
from stylize_video.models.steadying.detail import local_gain, strengthened

_BROAD = 4.0  # px, standard deviation; what is smaller are strokes
_HURRY = 1.5  # times as fast as what is broad, the strokes pass from key to key around the middle

_UNKNOWN = 1e-4  # trust of what is not trusted at all, so that there is always something to mix
_EDGE, _SOFT = 3, 1.0  # px, what is left out along the edges of trust, both sides of it, and its fading

_NEAR, _FAR = 1 / 40, 1 / 8  # of the shorter side, standard deviations in which colours spread
_SPARSE = np.float32(0.02)  # of trusted px around; with fewer, colours come from farther away


class Carried(NamedTuple):
    """A key's painting as it looks from another frame."""

    painting: FloatPicture  # (H, W, 3) in 0..1
    trust: Confidence  # (H, W) in 0..1


def blend(earlier: Carried, later: Carried, share: float) -> Carried:
    """Both keys' paintings as one.

    Args:
        earlier, later: of the key before and the key after.
        share: 0..1, the later one's, where both are trusted: how far the frame is on the way to it.

    Returns:
        The painting, and how far either key could be trusted.
    """
    before, after = _softened(earlier.trust), _softened(later.trust)
    covered = 1 - (1 - before) * (1 - after)
    weights = _shares(before, after, share)[..., None]  # of the later one
    if share <= 0 or share >= 1:
        return Carried((later if share >= 1 else earlier).painting, covered)
    broad = [_blur(carried.painting, _BROAD) for carried in (earlier, later)]
    strokes, gain = _mixed_strokes(earlier.painting - broad[0], later.painting - broad[1], _hurried(weights))
    mixed = broad[0] + weights * (broad[1] - broad[0]) + strokes
    painting = strengthened(mixed, strokes, gain - 1)
    return Carried(np.asarray(np.clip(painting, 0, 1), np.float32), covered)


def alone(carried: Carried) -> Carried:
    """One key's painting, where there is no other; trust softened as in `blend`."""
    return Carried(carried.painting, _softened(carried.trust))


def fill(carried: Carried, filler: FloatPicture) -> FloatPicture:
    """What is carried, and a filler's picture where it can't be trusted, without a seam.

    The filler's colours are moved by what it differs by from what is carried around there: differences,
    weighted by trust and spread by normalised convolution (Knutsson and Westin 1993), far where nothing
    near is trusted.

    Args:
        carried: what the keys show.
        filler: (H, W, 3) in 0..1, a painting of this frame.
    """
    trusted = carried.trust[..., None]
    matched = filler + _spread(carried.painting - filler, carried.trust)
    mixed = matched + trusted * (carried.painting - matched)
    return np.asarray(np.clip(mixed, 0, 1), np.float32)


def _shares(before: Confidence, after: Confidence, share: float) -> Confidence:
    """The later key's share, (H, W): trust counts twice, for what is half trusted is a ghost."""
    mine = share * (np.square(after) + np.float32(_UNKNOWN))
    others = (1 - share) * (np.square(before) + np.float32(_UNKNOWN))
    return np.asarray(mine / (mine + others), np.float32)


def _hurried(weights: Confidence) -> Confidence:
    """The same at 0, 1/2 and 1, steeper around 1/2."""
    mine, others = weights**_HURRY, (1 - weights) ** _HURRY
    return np.asarray(mine / (mine + others), np.float32)


def _mixed_strokes(
    before: NDArray[np.float32], after: NDArray[np.float32], weights: Confidence
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A mixture of strokes, and by how much it has to be stronger for the contrast that theirs have there."""
    mixed = before + weights * (after - before)
    energies = [_energy(strokes)[..., None] for strokes in (before, after, mixed)]
    return mixed, local_gain(energies[0] + weights * (energies[1] - energies[0]), energies[2])


def _energy(strokes: NDArray[np.float32]) -> NDArray[np.float32]:
    return _blur(np.square(strokes).sum(-1), _BROAD)


def _softened(trust: Confidence) -> Confidence:
    """Trust that fades towards hard edges, nowhere more than it was."""
    inner = cv2.erode(trust, np.ones((_EDGE, _EDGE), np.uint8))
    return np.minimum(trust, _blur(np.asarray(inner, np.float32), _SOFT))


def _spread(differences: NDArray[np.float32], trust: Confidence) -> NDArray[np.float32]:
    """Broad differences where they are known, and what they are nearby where they are not."""
    weights = trust[..., None]
    spread = (differences * weights).sum((0, 1)) / (weights.sum() + _UNKNOWN)  # (3,), of the whole frame
    shorter = min(trust.shape)
    for size in (_FAR * shorter, _NEAR * shorter):
        known, total = _blur(differences * weights, size), _blur(trust, size)[..., None]
        spread = (known + _SPARSE * spread) / (total + _SPARSE)
    return np.asarray(spread, np.float32)


def _blur(image: NDArray[np.float32], size: float) -> NDArray[np.float32]:
    return np.asarray(
        cv2.GaussianBlur(image, (0, 0), max(size, 0.5), borderType=cv2.BORDER_REFLECT), np.float32
    )
