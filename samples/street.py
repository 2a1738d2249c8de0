"""The second scene: an old street at dusk after rain. A tram passes, the moon is up, windows glow."""

from __future__ import annotations

import brush
import numpy as np
from brush import HEIGHT, WIDTH, Array, Color

KERB = 520  # y of the foot of the houses, px
WIDE = WIDTH + 300  # px, room for the pan
MOON = (690, 74)
LAMPS = (170, 610, 1050, 1490)  # x, px
WARM: Color = (255, 196, 104)

FACADES: list[Color] = [
    (196, 120, 66),
    (92, 112, 138),
    (176, 66, 58),
    (206, 176, 112),
    (84, 128, 112),
    (158, 92, 112),
    (208, 150, 116),
    (104, 92, 150),
]


class Street:
    """The scene; `draw(t)` paints it at a moment in 0..1."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.sky = _sky(rng)
        self.clouds = _clouds(rng)
        self.towers = _towers(rng)
        self.houses = _houses(rng)
        self.lights = _lamp_light()
        self.tram = _tram()
        self.waves = brush.noise(rng, HEIGHT - KERB, WIDTH, (5, 60), octaves=4)
        self.cobbles = _cobbles(rng)

    def draw(self, t: float) -> Array:
        """(HEIGHT, WIDTH, 3) RGB in 0..255."""
        pan = 40 + 190 * t
        canvas = self.sky.copy()
        brush.over(canvas, self.clouds, x=-60 + 40 * t)
        brush.over(canvas, self.towers, x=-pan * 0.4)
        brush.over(canvas, self.houses, x=-pan)
        brush.over(canvas, self.tram, x=-420 + 980 * t, y=KERB - self.tram.shape[0] + 26)
        canvas[KERB + 22 :] = self._pavement(canvas, t, pan)
        brush.over(canvas, _lamps(), x=-pan)
        light = self.lights[:, round(pan) : round(pan) + WIDTH]
        brush.shine(canvas, light, (105, 70, 28))
        return canvas

    def _pavement(self, canvas: Array, t: float, pan: float) -> Array:
        start = KERB + 22
        depth = HEIGHT - start
        mirror = np.ascontiguousarray(canvas[start - depth : start][::-1])
        wet = brush.rippled(mirror, self.waves[:depth], reach=16, time=0.12 * t)
        stones = self.cobbles[:depth, round(pan) : round(pan) + WIDTH]
        near = np.linspace(0, 1, depth, dtype=np.float32)[:, None] * np.ones((1, WIDTH), np.float32)
        ground = brush.blend((30, 28, 46), (104, 92, 116), stones)
        return brush.blend(wet * (0.75 + 0.4 * stones[..., None]), ground, 0.3 + 0.4 * near * stones)


def _sky(rng: np.random.Generator) -> Array:
    stops = [
        (0.0, (16.0, 26.0, 84.0)),
        (0.25, (52.0, 60.0, 138.0)),
        (0.45, (140.0, 86.0, 140.0)),
        (0.6, (238.0, 130.0, 96.0)),
        (1.0, (255.0, 190.0, 110.0)),
    ]
    sky = brush.gradient(HEIGHT, WIDTH, stops)
    for _ in range(130):
        at = (float(rng.uniform(0, WIDTH)), float(rng.uniform(0, 230)))
        brush.shine(sky, brush.glow(HEIGHT, WIDTH, at, rng.uniform(0.8, 1.6)), (150, 150, 160))
    brush.shine(sky, brush.glow(HEIGHT, WIDTH, MOON, 90), (80, 70, 50))
    moon = brush.empty(HEIGHT, WIDTH)
    brush.ellipse(moon, MOON, (46, 46), (255, 246, 214))
    for dx, dy, size in ((-14, -10, 10), (12, 6, 13), (-6, 18, 8), (18, -18, 6)):
        brush.ellipse(moon, (MOON[0] + dx, MOON[1] + dy), (size, size * 0.8), (226, 208, 176))
    brush.over(sky, moon)
    return np.minimum(sky, 255)


def _clouds(rng: np.random.Generator) -> Array:
    height, width = 420, WIDTH + 120
    field = brush.noise(rng, height, width, (60, 420), octaves=6)
    cover = brush.smoothstep(0.55, 0.78, field)
    light = brush.lit(field, (9, 4), 6.0)  # from below, where the sun went down
    return brush.layer(brush.blend((58, 48, 104), (255, 150, 118), light), cover * 0.85)


def _towers(rng: np.random.Generator) -> Array:
    """The old town far behind: roofs and church towers, bluish with distance."""
    top = brush.empty(KERB, WIDE)
    x = -20.0
    while x < WIDE:
        width, height = rng.uniform(50, 110), rng.uniform(230, 330)
        shade = rng.uniform(0.85, 1.15)
        wall = (92 * shade, 66 * shade, 118 * shade)
        roof = (66 * shade, 48 * shade, 100 * shade)
        y = KERB - height
        brush.polygon(top, [(x, KERB), (x, y), (x + width, y), (x + width, KERB)], wall)
        brush.polygon(top, [(x - 5, y), (x + width / 2, y - 46), (x + width + 5, y)], roof)
        if rng.random() < 0.6:
            brush.polygon(top, _box(x + width * 0.4, y + 18, 10, 16), (250, 180, 110))
        x += width
    for x, height in ((330, 440), (520, 400), (1230, 450)):
        _church(top, x, KERB - height)
    return top


def _church(top: Array, x: float, y: float) -> None:
    brush.polygon(top, _box(x - 26, y + 100, 52, 400), (84, 60, 110))
    brush.polygon(top, _box(x, y + 100, 26, 400), (106, 72, 116))
    brush.polygon(top, [(x - 30, y + 102), (x, y), (x, y + 102)], (52, 70, 96))
    brush.polygon(top, [(x, y + 102), (x, y), (x + 30, y + 102)], (84, 102, 116))
    brush.polygon(top, _box(x - 8, y + 124, 16, 30), (252, 196, 120))
    brush.ellipse(top, (x, y), (4, 4), (250, 210, 120))


def _box(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _houses(rng: np.random.Generator) -> Array:
    top = brush.empty(HEIGHT, WIDE)
    x, index = -30.0, 0
    while x < WIDE:
        width = float(rng.choice([128, 150, 176, 196]))
        _house(top, rng, x, width, FACADES[index % len(FACADES)])
        x, index = x + width, index + 1
    grain = brush.noise(rng, HEIGHT, WIDE, (26, 40), octaves=6)
    top[..., :3] *= (0.74 + 0.5 * grain)[..., None]
    pavement = _box(0, KERB, WIDE, 24)
    brush.polygon(top, pavement, (96, 82, 104))
    for joint in range(0, WIDE, 38):
        brush.stroke(top, (joint, KERB + 2), (joint - 8, KERB + 16), (66, 56, 80), 2)
    brush.polygon(top, _box(0, KERB + 16, WIDE, 8), (142, 124, 136))
    return top


def _house(top: Array, rng: np.random.Generator, x: float, width: float, color: Color) -> None:
    """Wall, roof, windows, and a shop or a door."""
    floors = int(rng.integers(2, 4))
    y = KERB - 118 - 84 * floors
    wall = np.array(color) * rng.uniform(0.85, 1.05)
    brush.polygon(top, _box(x, y, width, KERB - y), wall)
    brush.polygon(top, _box(x + width - 12, y, 12, KERB - y), wall * 0.7)
    _roof(top, rng, x, y, width)
    for floor in range(floors):
        ledge = y + 88 + 84 * floor
        brush.polygon(top, _box(x, ledge, width, 6), wall * 1.3)
        count = 2 if width < 160 else 3
        for window in range(count):
            at = x + width * (window + 0.5) / count - 18
            _window(top, rng, at, y + 22 + 84 * floor, wall)
    _ground_floor(top, rng, x, width)


def _roof(top: Array, rng: np.random.Generator, x: float, y: float, width: float) -> None:
    color = np.array((134, 58, 52)) if rng.random() < 0.6 else np.array((70, 74, 104))
    rise = rng.uniform(56, 96)
    if rng.random() < 0.5:  # a gable that steps up
        for step in range(5):
            inset = width * 0.1 * step
            block = _box(x + inset, y - rise * 0.24 * (step + 1), width - 2 * inset, rise * 0.3)
            brush.polygon(top, block, color * (1.0 + 0.07 * step))
        _window(top, rng, x + width / 2 - 18, y - rise * 0.75, color)
        return
    brush.polygon(top, _box(x + width * 0.68, y - rise - 8, 20, 52), (120, 72, 66))
    ends = [(x - 7, y), (x + 20, y - rise), (x + width - 20, y - rise), (x + width + 7, y)]
    brush.polygon(top, ends, color)
    for row in np.arange(0.12, 1, 0.14):
        inset = 27 * row - 7
        line = [(x + inset, y - rise * row), (x + width - inset, y - rise * row)]
        brush.stroke(top, line[0], line[1], color * 0.72, 2)


def _window(top: Array, rng: np.random.Generator, x: float, y: float, wall: Array) -> None:
    """A window of six panes; more than half of them are lit, some have shutters."""
    brush.polygon(top, _box(x - 5, y - 5, 46, 64), wall * 1.35 + 24)
    if rng.random() < 0.62:
        light = np.array(WARM) * rng.uniform(0.82, 1.05)
        brush.polygon(top, _box(x, y, 36, 54), light)
        brush.polygon(top, _box(x, y, 36, 18), light * 1.15)
        curtain = [(250, 228, 170), (214, 96, 70), (120, 150, 110)][rng.integers(3)]
        brush.polygon(top, [(x, y), (x + 13, y), (x + 4, y + 54), (x, y + 54)], curtain)
        brush.polygon(top, [(x + 36, y), (x + 23, y), (x + 32, y + 54), (x + 36, y + 54)], curtain)
    else:
        brush.polygon(top, _box(x, y, 36, 54), (46, 52, 92))
        brush.polygon(top, [(x, y), (x + 36, y), (x, y + 40)], (112, 92, 140))
    for line in (((x + 18, y), (x + 18, y + 54)), ((x, y + 18), (x + 36, y + 18))):
        brush.stroke(top, *line, (70, 46, 44), 3)
    brush.polygon(top, _box(x - 8, y + 57, 52, 7), (196, 170, 160))


def _ground_floor(top: Array, rng: np.random.Generator, x: float, width: float) -> None:
    y = KERB - 96
    if rng.random() < 0.65:
        brush.polygon(top, _box(x + 12, y + 18, width - 24, 66), (74, 44, 40))
        brush.polygon(top, _box(x + 18, y + 22, width - 72, 56), (255, 206, 122))
        for item in range(int(width - 80) // 14):
            goods = np.array(FACADES[rng.integers(len(FACADES))]) * 0.9
            height = rng.uniform(12, 34)
            brush.polygon(top, _box(x + 24 + item * 14, y + 78 - height, 10, height), goods)
        brush.polygon(top, _box(x + width - 46, y + 26, 26, 70), (58, 84, 92))
        brush.polygon(top, _box(x + width - 41, y + 32, 16, 32), (255, 214, 140))
        _awning(top, x + 8, y + 2, width - 16, [(196, 48, 50), (36, 108, 96)][rng.integers(2)])
        return
    brush.polygon(top, _box(x + width / 2 - 24, y + 4, 48, 92), (210, 186, 170))
    brush.polygon(top, _box(x + width / 2 - 18, y + 12, 36, 84), (66, 96, 84))
    brush.ellipse(top, (x + width / 2 + 11, y + 58), (3, 3), (250, 210, 110))
    _window(top, rng, x + 14, y + 16, np.array((150, 110, 110)))
    _window(top, rng, x + width - 52, y + 16, np.array((150, 110, 110)))


def _awning(top: Array, x: float, y: float, width: float, color: Color) -> None:
    count = max(4, round(width / 18))
    step = width / count
    for stripe in range(count):
        left = x + stripe * step
        shade = color if stripe % 2 else (246, 232, 208)
        edge = [(left + 5, y), (left + step + 5, y), (left + step, y + 26), (left, y + 26)]
        brush.polygon(top, edge, shade)
        brush.ellipse(top, (left + step / 2, y + 26), (step / 2, 7), shade)


def _lamps() -> Array:
    top = brush.empty(HEIGHT, WIDE)
    for x in LAMPS:
        brush.polygon(top, _box(x - 4, 330, 8, 225), (30, 30, 46))
        brush.polygon(top, _box(x - 10, 536, 20, 20), (30, 30, 46))
        brush.polygon(top, [(x - 20, 286), (x + 20, 286), (x + 12, 332), (x - 12, 332)], (255, 232, 168))
        brush.polygon(top, [(x - 24, 288), (x + 24, 288), (x, 262)], (30, 30, 46))
        for dx in (-20, 0, 20):
            brush.stroke(top, (x + dx, 286), (x + dx * 0.6, 332), (30, 30, 46), 3)
    return top


def _lamp_light() -> Array:
    lights = [brush.glow(HEIGHT, WIDE, (x, 310), 62) for x in LAMPS]
    pools = [brush.glow(HEIGHT, WIDE, (x, 600), 70) * 0.35 for x in LAMPS]
    return np.asarray(np.sum(lights + pools, axis=0))


def _tram() -> Array:
    """A red and cream tram with people behind lit windows."""
    top = brush.empty(210, 470)
    brush.polygon(top, [(18, 60), (30, 44), (440, 44), (456, 60), (462, 176), (12, 176)], (190, 42, 44))
    brush.polygon(top, [(17, 66), (457, 66), (460, 128), (14, 128)], (246, 226, 186))
    brush.polygon(top, [(40, 32), (430, 32), (444, 48), (26, 48)], (94, 90, 104))
    for index in range(7):
        x = 34 + index * 58
        brush.polygon(top, _box(x, 72, 46, 48), (255, 214, 128))
        brush.polygon(top, [(x, 72), (x + 26, 72), (x, 106)], (255, 236, 182))
        if index % 3 != 1:
            brush.ellipse(top, (x + 24, 98), (8, 10), (84, 54, 56))
            brush.polygon(top, _box(x + 12, 106, 24, 14), [(50, 70, 120), (120, 50, 60)][index % 2])
    brush.polygon(top, _box(12, 140, 450, 6), (250, 208, 110))
    brush.polygon(top, _box(30, 176, 414, 12), (44, 40, 54))
    for x in (90, 140, 330, 380):
        brush.ellipse(top, (x, 188), (19, 19), (36, 34, 46))
        brush.ellipse(top, (x, 188), (8, 8), (130, 126, 140))
    brush.ellipse(top, (452, 158), (9, 9), (255, 250, 214))
    brush.stroke(top, (220, 32), (170, 4), (60, 58, 72), 3)
    brush.stroke(top, (170, 4), (250, 2), (60, 58, 72), 3)
    return top


def _cobbles(rng: np.random.Generator) -> Array:
    """Rows of stones that grow towards the viewer: 0 in the joints, 1 on the crowns."""
    stones = np.zeros((HEIGHT - KERB, WIDE), np.float32)
    x = np.arange(WIDE, dtype=np.float32)
    y, row = 0.0, 0
    while y < len(stones):
        height = 5 + y * 0.06
        phase = np.mod(x / (height * 2.1) + 0.5 * (row % 2), 1)
        crown = np.clip(1.25 - np.abs(2 * phase - 1) ** 6 * 1.25, 0, 1)
        for line in range(int(y), min(len(stones), int(y + height))):
            stones[line] = crown * (0.35 + 0.65 * np.sin(np.pi * (line - y + 0.5) / height))
        y, row = y + height, row + 1
    return stones * (0.6 + 0.5 * brush.noise(rng, *stones.shape, (8, 24), octaves=3))
