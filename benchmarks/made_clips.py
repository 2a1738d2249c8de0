"""Clips made of photographs on the spot: what films do to a stabiliser, where all is known.

Each is a list of frames with sensor noise that is new in each; the seed chooses the photographs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.pictures.pictures import Picture, read_picture

HEIGHT, WIDTH = 180, 320  # px
RATE = Fraction(1, 25)  # s a frame
_SHOT = 12  # frames from cut to cut, where there are cuts
_TURN = 24  # frames that a dissolve or a fade takes
TURN_FRAMES = 48  # of such a clip

Scene = NDArray[np.float32]  # (H, W, 3) levels
Maker = Callable[["Album", int], list[Scene]]  # so many frames without noise


class Album:
    """Photographs, enlarged so that a camera has room to move in them.

    Args:
        photographs: their files.
        seed: which are taken.
    """

    def __init__(self, photographs: Sequence[Path], seed: int) -> None:
        self._photographs = photographs
        self.rng = np.random.default_rng(seed)

    def take(self) -> Picture:
        """The next one, at least twice as large as a frame."""
        picture = read_picture(self._photographs[int(self.rng.integers(len(self._photographs)))])
        times = max(2 * HEIGHT / picture.shape[0], 2 * WIDTH / picture.shape[1])
        size = round(picture.shape[1] * times), round(picture.shape[0] * times)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def seen(
    picture: Picture,
    right: float = 0.0,
    down: float = 0.0,
    *,
    zoom: float = 1.0,
    turn: float = 0.0,
    size: tuple[int, int] = (HEIGHT, WIDTH),
) -> Scene:
    """What a camera sees of a photograph that looks at its middle, moved by px and turned by radians."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = (x - width / 2) / zoom, (y - height / 2) / zoom
    across = x * np.cos(turn) - y * np.sin(turn) + picture.shape[1] / 2 + right
    along = x * np.sin(turn) + y * np.cos(turn) + picture.shape[0] / 2 + down
    places = across.astype(np.float32), along.astype(np.float32)
    return np.asarray(cv2.remap(picture, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.float32)


def pan(album: Album, count: int) -> list[Scene]:
    """A slow pan of a fraction of a pixel."""
    picture = album.take()
    return [seen(picture, 1.37 * (n - count / 2), 0.3 * (n - count / 2)) for n in range(count)]


def hand_held(album: Album, count: int) -> list[Scene]:
    """A camera held by hand: it wanders, trembles and tilts."""
    picture = album.take()
    steps = album.rng.normal(0, 1, (count, 3)) * (1.2, 1.2, 0.004)
    wander = np.cumsum(steps, axis=0) + album.rng.normal(0, 1, (count, 3)) * (0.5, 0.5, 0.002)
    return [seen(picture, right, down, turn=turn) for right, down, turn in wander]


def zoom(album: Album, count: int) -> list[Scene]:
    """A zoom of 1 % a frame, while the exposure goes up and down."""
    picture = album.take()
    light = 0.8 + 0.25 * np.sin(np.arange(count) / 7)
    return [seen(picture, zoom=0.8 * 1.01**n) * np.float32(light[n]) for n in range(count)]


def cuts(album: Album, count: int) -> list[Scene]:
    """Things that fly fast before a ground that stands, with a cut every half second."""
    return [frame for first in range(0, count, _SHOT) for frame in _shot(album, min(_SHOT, count - first))]


def _shot(album: Album, count: int) -> list[Scene]:
    ground = album.take()
    things = [(album.take(), *album.rng.uniform((30, 5, -3, 0), (60, 11, 3, 180))) for _ in range(2)]
    frames = []
    for n in range(count):
        frame = seen(ground)
        for thing, radius, right, down, start in things:
            x, y = right * n, start + down * n
            frame = _pasted(frame, thing, (x, y), radius)
        frames.append(frame)
    return frames


def _pasted(frame: Scene, thing: Picture, centre: tuple[float, float], radius: float) -> Scene:
    """A disc of another photograph on a frame."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    inside = (np.hypot(x - centre[0], y - centre[1]) < radius).astype(np.float32)
    outline = cv2.GaussianBlur(inside, (0, 0), 0.7)[..., None]
    shown = seen(thing, WIDTH / 2 - centre[0], HEIGHT / 2 - centre[1])
    return np.asarray(frame + outline * (shown - frame), np.float32)


def call(album: Album, count: int) -> list[Scene]:
    """A video call: a head that sways before a plain wall, and a camera that stands."""
    wall = np.full((HEIGHT, WIDTH, 3), (176, 170, 160), np.float32)
    wall *= np.linspace(1.1, 0.85, WIDTH, dtype=np.float32)[None, :, None]
    head = album.take()
    return [
        _pasted(wall, head, (WIDTH / 2 + 12 * np.sin(n / 6), 100 + 3 * np.sin(n / 4)), 60)
        for n in range(count)
    ]


def dissolve(album: Album, count: int) -> list[Scene]:
    """A cross-dissolve of a second from one pan to another."""
    first, second = album.take(), album.take()
    share = np.clip((np.arange(count) - (count - _TURN) / 2) / _TURN, 0, 1)
    return [
        seen(first, 0.8 * n) + np.float32(share[n]) * (seen(second, -0.6 * n) - seen(first, 0.8 * n))
        for n in range(count)
    ]


def fade(album: Album, count: int) -> list[Scene]:
    """A fade to black in a second, in a slow pan."""
    picture = album.take()
    share = np.clip((np.arange(count) - (count - _TURN) / 2) / _TURN, 0, 1)
    return [seen(picture, 0.5 * n) * np.float32(1 - share[n]) for n in range(count)]


# Each with the standard deviation of its sensor noise, levels.
MADE: dict[str, tuple[Maker, float]] = {
    "pan": (pan, 4.0),
    "hand-held": (hand_held, 2.0),
    "zoom": (zoom, 2.0),
    "cuts": (cuts, 1.5),
    "call": (call, 2.5),
}
TURNS: dict[str, tuple[Maker, float]] = {"dissolve": (dissolve, 1.5), "fade": (fade, 1.5)}


def make(name: str, photographs: Sequence[Path], count: int, seed: int = 23) -> list[Picture]:
    """The frames of one of them, (HEIGHT, WIDTH, 3) uint8 RGB."""
    maker, noise = (MADE | TURNS)[name]
    album = Album(photographs, seed)
    scenes = maker(album, count)
    noisy = (scene + album.rng.normal(0, noise, scene.shape) for scene in scenes)
    return [np.clip(np.rint(frame), 0, 255).astype(np.uint8) for frame in noisy]
