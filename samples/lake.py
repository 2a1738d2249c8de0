"""The first scene: a mountain lake in the afternoon. A boat and a balloon cross, the camera pans."""

from __future__ import annotations

import brush
import numpy as np
from brush import HEIGHT, WIDTH, Array, Color

SHORE = 400  # y of the waterline, px
WIDE = WIDTH + 420  # px, room for the pan
SUN = (900, 262)
HAZE: Color = (246, 206, 172)


class Lake:
    """The scene; `draw(t)` paints it at a moment in 0..1."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.sky = _sky()
        self.clouds = _clouds(rng)
        self.peaks = _mountains(rng, top=70, rise=250, haze=0.3)
        self.mountains = _mountains(rng, top=150, rise=220, haze=0.0)
        self.hills = _forest(rng, top=325, tree=(10, 22), count=520, color=(66, 116, 110), haze=0.35)
        self.shore = _forest(rng, top=368, tree=(18, 46), count=330, color=(38, 84, 62), haze=0.08)
        self.waves = brush.noise(rng, HEIGHT - SHORE, WIDTH, (9, 130), octaves=4)
        self.glitter = brush.noise(rng, HEIGHT - SHORE, WIDTH, (5, 40), octaves=3)
        self.bank = _bank(rng)
        self.tree = _tree(rng)
        self.balloon = _balloon()
        self.boat = _boat()

    def draw(self, t: float) -> Array:
        """(HEIGHT, WIDTH, 3) RGB in 0..255."""
        pan = 260 * t * t * (3 - 2 * t)  # px, of the nearest things that stand on the ground
        canvas = self.sky.copy()
        brush.over(canvas, self.clouds, x=-40 - pan * 0.08 - 26 * t)
        brush.over(canvas, self.peaks, x=-pan * 0.14)
        brush.over(canvas, self.mountains, x=-pan * 0.28)
        brush.over(canvas, self.balloon, x=250 + 330 * t, y=64 - 36 * t + 4 * np.sin(9 * t))
        brush.over(canvas, self.hills, x=-pan * 0.5)
        brush.over(canvas, self.shore, x=-pan * 0.75)
        canvas[SHORE:] = self._water(canvas, t)
        self._sail(canvas, t)
        brush.over(canvas, self.tree, x=-170 - pan * 1.35, y=-30)
        brush.over(canvas, self.bank, x=-pan * 1.35, y=HEIGHT - self.bank.shape[0])
        return canvas

    def _water(self, canvas: Array, t: float) -> Array:
        depth = HEIGHT - SHORE
        mirror = np.ascontiguousarray(canvas[SHORE - depth : SHORE][::-1])
        water = brush.rippled(mirror, self.waves, reach=34, time=t)
        near = np.linspace(0, 1, depth, dtype=np.float32)[:, None] * np.ones((1, WIDTH), np.float32)
        water = brush.blend(water * 0.9, (16, 84, 150), 0.2 + 0.45 * near)
        drift = np.roll(self.glitter, round(40 * t), 1) + np.roll(self.glitter, -round(55 * t), 1)
        brush.shine(water, brush.smoothstep(1.12, 1.3, drift) * _beam(depth), (255, 205, 140))
        brush.shine(water, brush.smoothstep(1.28, 1.5, drift) * near, (70, 100, 110))
        return water

    def _sail(self, canvas: Array, t: float) -> None:
        x, y = 1010 - 520 * t, 470 + 3 * np.sin(16 * t)
        height = self.boat.shape[0]
        mirrored = self.boat[::-1].copy()
        mirrored[..., :3] = mirrored[..., :3] * 0.6 + np.array((20, 50, 70))
        mirrored[..., 3] *= 0.62 * np.linspace(1, 0.1, height, dtype=np.float32)[:, None]
        rows = np.arange(height)
        sway = 5 * np.sin(rows * 0.22 + 20 * t) * rows / height
        for row, shift in enumerate(sway):
            mirrored[row] = np.roll(mirrored[row], round(float(shift)), axis=0)
        brush.over(canvas, mirrored, x=x, y=y - 6)
        brush.over(canvas, self.boat, x=x, y=y - height)


def _beam(depth: int) -> Array:
    """The sun's path on the water: a wedge that widens towards the viewer."""
    y, x = np.mgrid[0:depth, 0:WIDTH].astype(np.float32)
    width = 30 + y * 0.5
    return np.asarray(np.exp(-(((x - SUN[0]) / width) ** 2)) * (1 - 0.5 * y / depth))


def _sky() -> Array:
    stops = [
        (0.0, (38.0, 96.0, 178.0)),
        (0.28, (104.0, 164.0, 214.0)),
        (0.46, (236.0, 214.0, 190.0)),
        (0.57, (255.0, 190.0, 122.0)),
        (1.0, (255.0, 170.0, 110.0)),
    ]
    sky = brush.gradient(HEIGHT, WIDTH, stops)
    brush.shine(sky, brush.glow(HEIGHT, WIDTH, SUN, 150), (70, 50, 10))
    brush.shine(sky, brush.glow(HEIGHT, WIDTH, SUN, 34), (160, 150, 110))
    return np.minimum(sky, 255)


def _clouds(rng: np.random.Generator) -> Array:
    height, width = SHORE, WIDTH + 160
    field = brush.noise(rng, height, width, (110, 300), octaves=6)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    cover = brush.smoothstep(0.5, 0.66, field - 0.16 * np.abs(y - 0.3) + 0.02)
    light = brush.lit(field, (-7, -9), 5.5)
    color = brush.blend((150, 138, 176), (255, 246, 232), light)
    color = brush.blend(color, (255, 196, 150), np.broadcast_to(0.75 * y * y, light.shape))
    return brush.layer(color, cover * (1 - 0.6 * y))


def _skyline(rng: np.random.Generator, *, top: float, rise: float, cell: float) -> Array:
    """y for each column of a jagged ridge."""
    line = brush.noise(rng, 2, WIDE, (2, cell), octaves=7)[0]
    jagged = 1 - np.abs(2 * line - 1)
    return np.asarray(top + rise * (1 - jagged), np.float32)


def _mountains(rng: np.random.Generator, *, top: float, rise: float, haze: float) -> Array:
    """Rock and snow, lit from the right; `haze` more of it on the range that is farther away."""
    ridge = _skyline(rng, top=top, rise=rise, cell=330)
    y = np.arange(SHORE, dtype=np.float32)[:, None]
    depth = y - ridge[None]
    crags = 1 - np.abs(2 * brush.noise(rng, SHORE, WIDE, (150, 90), octaves=6) - 1)
    light = brush.lit(crags, (2, -5), 2.4)
    light = np.clip(light + 0.5 * (brush.lit(ridge[None], (0, 9), 0.012) - 0.5), 0, 1)
    rock = brush.blend((62, 66, 122), (232, 164, 128), light)
    snow = brush.blend((150, 168, 216), (255, 244, 236), light)
    snowline = brush.smoothstep(60, 15, depth + 110 * (crags - 0.6) + 0.3 * (ridge[None] - top - 60))
    color = brush.blend(rock, snow, snowline)
    mist = np.clip(haze + 0.05 + 0.75 * (y - 190) / 210, haze + 0.04, 0.85)
    color = brush.blend(color, HAZE, np.broadcast_to(mist, light.shape))
    return brush.layer(color, brush.below(ridge, SHORE))


def _forest(
    rng: np.random.Generator,
    *,
    top: float,
    tree: tuple[int, int],
    count: int,
    color: Color,
    haze: float,
) -> Array:
    """Wooded hills: textured ground, and firs from the farthest to the nearest."""
    ridge = top + 80 * (brush.noise(rng, 2, WIDE, (2, 420), octaves=5)[0] - 0.5)
    ground = brush.noise(rng, SHORE, WIDE, (12, 18), octaves=4)
    shades = brush.blend(np.array(color) * 0.7, np.array(color) * 1.5, np.clip(ground, 0, 1))
    hills = brush.layer(shades, brush.below(ridge, SHORE))
    feet = []
    for x in rng.uniform(0, WIDE, count):
        start = float(ridge[int(x)])
        feet.append((start + (SHORE + 4 - start) * rng.random() ** 1.3, float(x)))
    for y, x in sorted(feet):
        size = rng.uniform(*tree) * (0.7 + 0.5 * (y - top) / (SHORE - top))
        _fir(hills, rng, (x, y), size, color)
    hills[..., :3] = brush.blend(hills[..., :3], HAZE, haze)
    return hills


def _fir(top: Array, rng: np.random.Generator, foot: tuple[float, float], size: float, color: Color) -> None:
    """A fir of three tiers; its right side is in the sun, and some are larches in autumn."""
    base = np.array(color) * rng.uniform(0.7, 1.15)
    if rng.random() < 0.16:
        base = np.array((196, 132, 52)) * rng.uniform(0.75, 1.1)
    x, y = foot
    for tier in range(3):
        low, high = y - size * 0.25 * tier, y - size * (0.5 + 0.25 * tier)
        half = size * (0.26 - 0.06 * tier)
        dark, bright = base * 0.72, base * 1.35 + (22, 16, 0)
        brush.polygon(top, [(x - half, low), (x, high), (x, low)], dark)
        brush.polygon(top, [(x, low), (x, high), (x + half, low)], bright)


def _bank(rng: np.random.Generator) -> Array:
    """The near bank: grass blade by blade, and flowers."""
    height, width = 260, WIDTH + 420
    bank = brush.empty(height, width)
    line = 70 + 70 * brush.noise(rng, 2, width, (2, 300), octaves=4)[0]
    line = line + 74 * brush.smoothstep(250, 900, np.arange(width, dtype=np.float32))
    ground = brush.noise(rng, height, width, (30, 50), octaves=5)
    bank[..., :3] = brush.blend((30, 58, 30), (92, 122, 44), np.clip(ground, 0, 1))
    bank[..., 3] = brush.below(line.astype(np.float32), height)
    for _ in range(6800):
        x = rng.uniform(0, width - 1)
        y = float(line[int(x)]) + rng.uniform(0, 160)
        length, lean = rng.uniform(14, 40), rng.normal(0, 7)
        shade = rng.uniform(0.55, 1.25)
        warm = rng.random() < 0.3
        color = (178 * shade, 160 * shade, 58 * shade) if warm else (70 * shade, 132 * shade, 48 * shade)
        brush.stroke(bank, (x, y), (x + lean, y - length), color, 2)
    _flowers(bank, rng, line.astype(np.float32))
    return bank


def _flowers(bank: Array, rng: np.random.Generator, line: Array) -> None:
    palette = [(226, 48, 44), (252, 204, 48), (250, 246, 236), (150, 76, 190), (240, 120, 150)]
    patches = rng.uniform(10, bank.shape[1] - 10, 22)
    for index in range(210):
        x = float(np.clip(rng.normal(patches[index % 22], 34), 10, bank.shape[1] - 10))
        y = float(line[int(x)]) + rng.uniform(-14, 120)
        color = palette[(index % 22 + int(rng.random() < 0.2)) % len(palette)]
        size = rng.uniform(2, 4) + 2.5 * (y - line[int(x)]) / 120
        for angle in np.arange(5) * 2 * np.pi / 5 + rng.random():
            at = (x + size * np.cos(angle), y + size * np.sin(angle))
            brush.ellipse(bank, at, (size * 0.7, size * 0.6), color)
        brush.ellipse(bank, (x, y), (size * 0.5, size * 0.5), (250, 190, 40))


def _tree(rng: np.random.Generator) -> Array:
    """A maple in autumn on the left: branches by halves, then leaves from the shade to the sun."""
    top = brush.empty(HEIGHT, 640)
    tips: list[tuple[float, float]] = []

    def grow(x: float, y: float, angle: float, length: float, width: float) -> None:
        end = (x + length * np.cos(angle), y - length * np.sin(angle))
        brush.stroke(top, (x, y), end, (62, 40, 34), max(1, round(width)))
        brush.stroke(
            top, (x + width / 4, y), (end[0] + width / 4, end[1]), (128, 84, 56), max(1, round(width / 3))
        )
        if length < 30:
            tips.append(end)
            return
        for turn in (rng.uniform(0.2, 0.6), -rng.uniform(0.2, 0.6)):
            grow(*end, angle + turn, length * rng.uniform(0.66, 0.8), width * 0.66)

    grow(310, HEIGHT - 40, np.pi / 2 + 0.08, 168, 30)
    _leaves(top, rng, tips)
    return top


def _leaves(top: Array, rng: np.random.Generator, tips: list[tuple[float, float]]) -> None:
    palette = np.array([(120, 34, 28), (182, 56, 30), (222, 98, 32), (244, 158, 44), (254, 206, 84)])
    leaves = []
    for x, y in tips:
        for _ in range(36):
            leaf = rng.normal((x, y), (23, 17))
            height = (leaf[0] - x) * 0.5 - (leaf[1] - y)  # lit from the upper right
            leaves.append((height + rng.normal(0, 10), *leaf))
    for order, (_, x, y) in enumerate(sorted(leaves)):
        share = order / len(leaves) * (len(palette) - 1) + rng.normal(0, 0.5)
        color = palette[int(np.clip(round(share), 0, len(palette) - 1))] * rng.uniform(0.85, 1.1)
        radii = (rng.uniform(3, 7.5), rng.uniform(2, 4.5))
        brush.ellipse(top, (x, y), radii, color, angle=rng.uniform(0, 180))


def _balloon() -> Array:
    """A hot-air balloon with stripes, lit from the right."""
    top = brush.empty(220, 150)
    centre, radius = (75, 72), 62
    stripes: list[Color] = [(206, 40, 44), (250, 236, 210), (240, 160, 32), (28, 92, 150)]
    for index in range(13, 0, -1):
        color = stripes[index % 4]
        brush.ellipse(top, centre, (radius * np.sin(index / 13 * np.pi / 2), radius), color)
    brush.polygon(top, [(22, 104), (128, 104), (90, 152), (60, 152)], (206, 40, 44))
    brush.polygon(top, [(46, 112), (104, 112), (84, 152), (66, 152)], (250, 236, 210))
    brush.polygon(top, [(62, 114), (88, 114), (79, 152), (71, 152)], (240, 160, 32))
    for x, low in ((62, 66), (88, 84)):
        brush.stroke(top, (x, 152), (low, 182), (70, 50, 40), 1)
    brush.polygon(top, [(63, 182), (87, 182), (84, 202), (66, 202)], (132, 84, 44))
    brush.stroke(top, (62, 182), (88, 182), (210, 160, 90), 3)
    shade = 1.12 - 0.75 * brush.glow(220, 150, (18, 100), 52)
    top[..., :3] = np.minimum(top[..., :3] * shade[..., None], 255)
    return top


def _boat() -> Array:
    """A small sailing boat seen from the side."""
    top = brush.empty(190, 190)
    brush.polygon(top, [(98, 14), (98, 146), (176, 140)], (252, 240, 216))
    brush.polygon(top, [(120, 62), (98, 14), (98, 80), (140, 86)], (236, 216, 184))
    brush.polygon(top, [(92, 22), (92, 144), (26, 140)], (214, 66, 40))
    brush.polygon(top, [(92, 60), (92, 92), (52, 98), (66, 76)], (246, 186, 60))
    brush.stroke(top, (95, 8), (95, 156), (84, 54, 34), 4)
    brush.polygon(top, [(14, 152), (182, 152), (160, 184), (40, 184)], (110, 52, 34))
    brush.polygon(top, [(14, 152), (182, 152), (178, 160), (20, 160)], (242, 226, 196))
    brush.ellipse(top, (70, 146), (7, 8), (236, 190, 150))
    brush.polygon(top, [(60, 154), (80, 154), (76, 146), (64, 146)], (40, 70, 140))
    return top
