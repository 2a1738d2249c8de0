"""Paints by the whitening and colouring transform, level by level, film after film.

Li et al. 2017, section 4: from the coarsest level to the finest, a picture is encoded, its features given the
style's mean and covariance, and decoded; the next level takes what came out.

In a film, each frame's own statistics would make it brighter or darker whenever something comes into
view. So the statistics that it is whitened by follow the film slowly (`_MEMORY`), and begin anew with
each shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import torch

from stylize_video.models.runtimes.devices import Device
from stylize_video.models.runtimes.program import Runtime
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct.levels import DEFAULT_LEVELS
from stylize_video.models.wct.transform import Moments
from stylize_video.models.wct.weights_file import Statistics
from stylize_video.pictures import arrays

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

_FLOOR = 1e-2  # of the mean eigenvalue, as in training: finer differences are not worth amplifying
_MEMORY = 0.9  # of the statistics before, in each frame


@dataclass
class ShotMoments:
    """The statistics of a shot's features up to the frame that came last, by level; can be pickled."""

    of_level: dict[int, Moments] = field(default_factory=dict)


class WctStyle(NamedTuple):
    """What is painted in, and how far."""

    statistics: Statistics  # of the painting, or of a mixture
    strength: float = 1.0  # alpha of equation 3, 0..1


class WctPainter:
    """Paints pictures of any size in a style. What it knows of the film they come from is handed to it.

    Args:
        runtime: runs `sections.program` for the same levels.
        statistics, strength: the style to begin with, see `WctStyle`.
        levels: from coarse to fine.
        steady: whether statistics are smoothed over time.
    """

    def __init__(
        self,
        runtime: Runtime,
        statistics: Statistics,
        strength: float = 1.0,
        *,
        levels: Sequence[int] = DEFAULT_LEVELS,
        steady: bool = True,
    ) -> None:
        self._runtime = runtime
        self._levels = tuple(levels)
        self._memory = _MEMORY if steady else 0.0
        self.style = WctStyle(statistics, strength)
        self.notes: list[str] = []  # what a user should know of it

    @property
    def device(self) -> Device:
        """Where it paints."""
        return self._runtime.device

    @property
    def style(self) -> WctStyle:
        """The style of what is painted from now on; another needs no other program."""
        return self._style

    @style.setter
    def style(self, style: WctStyle) -> None:
        self._style = style
        self._moments = {level: _to(style.statistics[level], self.device) for level in self._levels}
        on_cpu = self.device.type == "cpu"  # once for the style, not for each frame
        self._colors = {n: wct.coloring(m.covariance) for n, m in self._moments.items()} if on_cpu else {}

    def new_shot(self) -> ShotMoments:
        """What is known before a shot's first frame."""
        return ShotMoments()

    def paint(self, images: Pictures, known: ShotMoments | None = None, /) -> Pictures:
        """Paint consecutive frames of one shot.

        Args:
            images: (N, H, W, 3) RGB, uint8 in 0..255 or floating in 0..1; paintings are uint8 or float32,
                arrays or tensors as these are.
            known: of the frames before, changed in place; None: there are none.
        """
        known = ShotMoments() if known is None else known
        height, width = images.shape[1:3]
        features = self._runtime.run("encode", _padded(images, 2 ** (max(self._levels) - 1)))
        last = len(self._levels) - 1
        for number, level in enumerate(self._levels):
            mapped = self._map(features, level, known)
            if number < last:
                features = self._runtime.run(f"recode{level}{self._levels[number + 1]}", mapped)
        ending = "bytes" if arrays.is_bytes(images) else "decode"
        return self._runtime.run(ending, mapped)[:, :height, :width]

    def _map(self, features: Pictures, level: int, known: ShotMoments) -> Pictures:
        """(N, h, w, C) features of a level -> the same, with the style's statistics."""
        tensor = arrays.to_device(features, self.device.type).permute(0, 3, 1, 2)
        with torch.no_grad():
            affine = self._affine(self._smoothed(wct.moments(tensor), level, known), level)
            mapped: Pictures = arrays.to_place(wct.apply(tensor, affine).permute(0, 2, 3, 1), features)
        return mapped

    def _affine(self, content: Moments, level: int) -> wct.Affine:
        """What gives features with these statistics the style's."""
        style, alpha = self._moments[level], self._style.strength
        if content.mean.device.type == "cpu":
            color = self._colors[level]
            return wct.transform(content, style, alpha=alpha, epsilon=_FLOOR, color=color)
        return _without_waiting(content, style, alpha=alpha, epsilon=_FLOOR)

    def _smoothed(self, found: Moments, level: int, known: ShotMoments) -> Moments:
        """Each frame's moments, mixed with those of the frames before."""
        before = known.of_level.get(level)
        rows = []
        for index in range(len(found.mean)):
            own = Moments(found.mean[index : index + 1], found.covariance[index : index + 1])
            if before is not None and self._memory:
                own = wct.mean_of((before, own), (self._memory, 1 - self._memory))
            rows.append(own)
            before = own
        known.of_level[level] = rows[-1]
        return Moments(torch.cat([r.mean for r in rows]), torch.cat([r.covariance for r in rows]))


def _to(moments: Moments, device: Device) -> Moments:
    if device.type == "cpu":
        return moments
    return Moments(*(m.to(device.type, torch.float32) for m in moments))


def _without_waiting(content: Moments, style: Moments, *, alpha: float, epsilon: float) -> wct.Affine:
    """eigh makes a GPU wait for the CPU; products don't."""
    narrow = Moments(content.mean.float(), content.covariance.float())
    return wct.fast_transform(narrow, style, alpha=alpha, epsilon=epsilon)


def _padded(images: Pictures, stride: int) -> Pictures:
    """Mirrored, right and below, to a multiple of the stride, and two of them at least."""
    height, width = images.shape[1:3]
    down, right = (max(2 * stride - side, -side % stride) for side in (height, width))
    bordered: Pictures = arrays.padded(images, down, right)
    return bordered
