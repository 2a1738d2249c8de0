"""A rendered film whose motion is known to the last bit: a textured disc that crosses textured ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float]  # px to the right, px down

_MARGIN = 150  # px of ground around what is seen first


def texture(seed: int, height: int, width: int, *, tint: tuple[float, float, float] = (0, 0, 0)) -> Any:
    """Blobs of two sizes in all colours, (height, width, 3) levels, moved by `tint`."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3))
    picture = sum(size * cv2.GaussianBlur(noise, (0, 0), size) for size in (3, 12))
    return ((picture - picture.mean()) / picture.std() * 30 + 127 + np.array(tint)).astype(np.float32)


@dataclass(frozen=True)
class Crossing:
    """A disc that crosses the ground, while the camera may pan: both move by so many px a frame."""

    speed: Vector = (4, 1)
    pan: Vector = (0, 0)
    height: int = 120
    width: int = 200
    radius: float = 26
    start: Vector = (50, 55)
    seed: int = 0

    def frames(self, count: int) -> list[NDArray[np.uint8]]:
        """(H, W, 3) RGB each."""
        height, width = self.height, self.width
        ground = texture(self.seed + 1, height + 2 * _MARGIN, width + 2 * _MARGIN, tint=(-40, 25, 45))
        disc = texture(self.seed + 2, height, width, tint=(60, -25, -60))
        made = []
        for number in range(count):
            x, y = self._grid()
            behind = _fetched(ground, x + _MARGIN - self.pan[0] * number, y + _MARGIN - self.pan[1] * number)
            left, top = self._centre(number)
            front = _fetched(disc, x - left + width / 2, y - top + height / 2)
            frame = np.where(self.covered(number)[..., None], front, behind)
            made.append(np.rint(np.clip(frame, 0, 255)).astype(np.uint8))
        return made

    def covered(self, number: int) -> NDArray[np.bool_]:
        """Where the disc is in a frame, (H, W)."""
        x, y = self._grid()
        left, top = self._centre(number)
        return np.asarray(np.hypot(x - left, y - top) < self.radius)

    def flow(self, this: int, other: int) -> NDArray[np.float32]:
        """(H, W, 2) px, exact."""
        ways = [np.array(by, np.float32) * (other - this) for by in (self.speed, self.pan)]
        return np.where(self.covered(this)[..., None], *ways).astype(np.float32)

    def seen(self, this: int, other: int) -> NDArray[np.bool_]:
        """What of this frame the other shows as well, (H, W): neither covered nor outside there."""
        inside, disc_there = self._there(this, other)
        return np.asarray(inside & (disc_there == self.covered(this)))

    def uncovered(self, this: int, other: int) -> NDArray[np.bool_]:
        """Ground of this frame that the disc covers in the other, (H, W)."""
        inside, disc_there = self._there(this, other)
        return np.asarray(inside & disc_there & ~self.covered(this))

    def _there(self, this: int, other: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether what is seen here lies inside the other frame, and whether the disc is there."""
        x, y = self._grid()
        flow = self.flow(this, other)
        x, y = x + flow[..., 0], y + flow[..., 1]
        inside = (x >= 0) & (x <= self.width - 1) & (y >= 0) & (y <= self.height - 1)
        return inside, _fetched(self.covered(other).astype(np.float32), x, y) > 0.5

    def _centre(self, number: int) -> Vector:
        return self.start[0] + self.speed[0] * number, self.start[1] + self.speed[1] * number

    def _grid(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        return x, y


def _fetched(image: NDArray[np.float32], x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float32]:
    places = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return np.asarray(cv2.remap(image, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)
