"""The whole job with the stabiliser, which is on unless it is told not to be."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.models.method import Needs
from stylize_video.models.motion import confidence, flow
from stylize_video.models.wct.method import Wct
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.painted import Painted
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import drawing, media

WIDTH, HEIGHT, STEP = 192, 112, 3  # px; a camera that pans by so much a frame
COUNT, CUT = 20, 10  # frames
Pictures = list[NDArray[np.uint8]]
Draw = Callable[[int, int, int], drawing.Rgb]


def paint(source: Path, name: str, **options: Any) -> Painted:
    """Without loss, into the same folder."""
    settings = {"device": "cpu", "codec": "ffv1", **options}
    return job.paint(PaintRequest.of(source, source.with_name(name), **settings))


def pictures(path: Path) -> Pictures:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    error = np.square(one.astype(np.float64) - other).mean()
    return float(10 * np.log10(255**2 / max(float(error), 1e-9)))


def scene(seed: int, width: int, height: int) -> drawing.Rgb:
    """Blobs of two sizes in all colours."""
    noise = np.random.default_rng(seed).uniform(0, 1, (height, width, 3))
    picture = sum(size * cv2.GaussianBlur(noise, (0, 0), size) for size in (2, 8))
    picture = (picture - picture.mean()) / picture.std() * 0.17 + 0.5
    return np.asarray(np.clip(picture, 0, 1), np.float64)


def panned(number: int, width: int, height: int) -> drawing.Rgb:
    """Two shots of a camera that pans, with grain."""
    seen = scene(number // CUT, width + STEP * COUNT, height)
    grain = np.random.default_rng(number).normal(0, 0.02, (height, width, 1))
    part = seen[:, STEP * number : STEP * number + width]
    return np.asarray(np.clip(part + grain, 0, 1), np.float64)


def still(_: int, width: int, height: int) -> drawing.Rgb:
    """A photograph: the same picture, and nothing else, for ever."""
    return scene(3, width, height)


def film(
    folder: Path,
    draw: Draw,
    *,
    count: int = COUNT,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pixel_format: str = "yuv420p",
) -> Path:
    codec = "libvpx-vp9" if pixel_format == "gbrp" else "ffv1"
    video = media.Video(
        times=media.steady(count), size=size, codec=codec, pixel_format=pixel_format, draw=draw
    )
    return media.film(folder / "film.mkv", video).path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The panned film, painted in several ways."""
    source = film(tmp_path_factory.mktemp("runs"), panned)
    ways: dict[str, dict[str, Any]] = {
        "default": {},
        "off": {"stabilize": False},
        "zero": {"stability": 0.0},
        "second": {"start": Fraction(CUT, 25)},
        "batches": {"batch_size": 4},
        "again": {},
    }
    return {name: paint(source, f"{name}.mkv", **options).output for name, options in ways.items()}


def warping_error(film: Pictures) -> float:
    """Along the camera's own motion, within each shot."""
    way = np.full((HEIGHT, WIDTH, 2), (-STEP, 0), np.float32)
    seen = confidence.visible(way, -way)
    pairs = [(n, n + 1) for n in range(COUNT - 1) if n % CUT >= 3 and (n + 1) % CUT]
    return float(np.mean([flow.warping_error(film[a], film[b], way, seen) for a, b in pairs]))


def test_by_default_it_flickers_less(runs: dict[str, Path]) -> None:
    steadied, plain = (pictures(runs[name]) for name in ("default", "off"))
    assert len(steadied) == len(plain) == COUNT
    assert warping_error(steadied) < warping_error(plain) / 2


def test_detail_is_kept(runs: dict[str, Path]) -> None:
    steadied, plain = (pictures(runs[name]) for name in ("default", "off"))
    kept = [flow.detail(a) / flow.detail(b) for a, b in zip(steadied, plain, strict=True)]
    assert min(kept) > 0.7
    assert np.mean(kept) > 0.8


def test_stability_0_is_no_stabilising(runs: dict[str, Path]) -> None:
    assert packets(runs["zero"]) == packets(runs["off"])
    assert packets(runs["default"]) != packets(runs["off"])


def test_twice_the_same(runs: dict[str, Path]) -> None:
    assert packets(runs["again"]) == packets(runs["default"])


def test_batches_of_four_give_the_same_film(runs: dict[str, Path]) -> None:
    one, four = (pictures(runs[name]) for name in ("default", "batches"))
    assert min(psnr(a, b) for a, b in zip(one, four, strict=True)) >= 45


def test_nothing_comes_over_a_cut(runs: dict[str, Path]) -> None:
    whole, second, plain = (pictures(runs[name]) for name in ("default", "second", "off"))
    assert len(second) == COUNT - CUT
    assert psnr(whole[CUT], second[0]) >= 50
    assert psnr(whole[CUT], plain[CUT]) >= 50
    # The others were steadied, before the cut and after it.
    for number in (CUT - 1, CUT + 1):
        assert psnr(whole[number], plain[number]) < 40


def test_who_does_not_stabilise_does_not_look_for_cuts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise AssertionError("asked for cuts")

    monkeypatch.setattr(job.cuts, "mark", nobody)
    monkeypatch.setattr(Wct, "needs", Needs(motion=True))  # else it begins its canvas anew at cuts
    assert paint(film(tmp_path, panned, count=2), "off.mkv", method="wct", stabilize=False).frames == 2
    with pytest.raises(AssertionError, match="asked for cuts"):
        paint(film(tmp_path, panned, count=2), "on.mkv", method="wct")


# -- it doesn't drift --


def luminance_and_contrast(film: Pictures) -> tuple[float, float]:
    """Mean and standard deviation of the luma in 0..1, over all these pictures."""
    luma = [picture @ np.array([0.299, 0.587, 0.114]) / 255 for picture in film]
    return float(np.mean(luma)), float(np.mean([one.std() for one in luma]))


def hold_still(folder: Path, seconds: int, size: tuple[int, int]) -> None:
    source = film(folder, still, count=25 * seconds, size=size)
    painted = pictures(paint(source, "painted.mkv").output)
    assert len(painted) == 25 * seconds
    # The second one: in the first it settles. Of a film of two seconds, the halves of the second.
    early, late = (painted[25:50], painted[-25:]) if seconds > 2 else (painted[25:37], painted[-12:])
    (mean, contrast), (mean_late, contrast_late) = (luminance_and_contrast(p) for p in (early, late))
    assert mean_late == pytest.approx(mean, abs=1 / 255)
    assert contrast_late == pytest.approx(contrast, rel=0.02)
    plain = pictures(paint(source, "plain.mkv", stabilize=False, duration=Fraction(1, 25)).output)
    mean, contrast = luminance_and_contrast(plain)
    assert mean_late == pytest.approx(mean, abs=1 / 255)
    assert contrast_late == pytest.approx(contrast, rel=0.05)


def test_a_photograph_stays_as_it_is(tmp_path: Path) -> None:
    hold_still(tmp_path, 2, (WIDTH, HEIGHT))


@pytest.mark.slow
def test_a_photograph_stays_as_it_is_for_a_minute(tmp_path: Path) -> None:
    hold_still(tmp_path, 60, (96, 64))


# -- all kinds of films --


@pytest.mark.parametrize(
    ("pixel_format", "batch_size"),
    [
        *(("yuv420p", 4), ("yuv420p10le", 1), ("yuv444p10le", 4)),
        *(("gray", 1), ("gbrp", 1)),
    ],
)
def test_every_format(pixel_format: str, batch_size: int, tmp_path: Path) -> None:
    source = film(tmp_path, panned, count=13, size=(64, 48), pixel_format=pixel_format)
    result = paint(source, "painted.mkv", batch_size=batch_size)
    assert result.frames == len(pictures(result.output)) == 13
    assert result.verified is not None
    assert "stabilizer" in result.profile.times
    plain = pictures(paint(source, "plain.mkv", batch_size=batch_size, stabilize=False).output)
    both = list(zip(pictures(result.output), plain, strict=True))
    assert psnr(*both[0]) >= 50
    assert 15 < psnr(*both[6]) < 45  # steadied, and the same painting all the same


@pytest.mark.parametrize("size", [(16, 16), (8, 8), (97, 65), (18, 34)])
def test_small_and_odd_sizes(size: tuple[int, int], tmp_path: Path) -> None:
    source = film(tmp_path, panned, count=5, size=size)
    assert paint(source, "painted.mkv").frames == 5


def test_a_rotated_film(tmp_path: Path) -> None:
    clip = media.rotated(tmp_path, 90)
    result = paint(clip.path, "out.mkv", strength=0.0)
    frames = pictures(result.output)
    assert [drawing.read_number(np.rot90(frame)) for frame in frames] == list(clip.numbers)


@pytest.mark.parametrize(
    ("pixel_format", "options"),
    [
        *(("yuv420p", options) for options in ({"strength": 0.5}, {"preserve_color": True})),
        *(("yuv420p10le", options) for options in ({"preserve_color": True}, {"stroke_size": 2.0})),
    ],
    ids=str,
)
def test_with_other_options(pixel_format: str, options: dict[str, Any], tmp_path: Path) -> None:
    source = film(tmp_path, panned, count=8, pixel_format=pixel_format)
    steadied, plain = (
        pictures(paint(source, f"{on}.mkv", stabilize=on, **options).output) for on in (True, False)
    )
    assert len(steadied) == len(plain) == 8
    assert psnr(steadied[0], plain[0]) >= 50
    assert psnr(steadied[-1], plain[-1]) < 45


def test_strength_0_gives_the_original_back(tmp_path: Path) -> None:
    source = film(tmp_path, panned, count=4)
    painted = paint(source, "painted.mkv", strength=0.0).output
    for before, after in zip(pictures(source), pictures(painted), strict=True):
        assert psnr(before, after) >= 45


def test_preserve_color_keeps_the_chroma(tmp_path: Path) -> None:
    source = film(tmp_path, panned, count=4)
    painted = paint(source, "painted.mkv", preserve_color=True).output
    with av.open(str(source)) as one, av.open(str(painted)) as other:
        for before, after in zip(one.decode(video=0), other.decode(video=0), strict=True):
            planes = [frame.to_ndarray()[HEIGHT:].astype(int) for frame in (before, after)]
            assert np.abs(planes[0] - planes[1]).max() <= 2


def test_a_single_picture(tmp_path: Path) -> None:
    picture = media.still(tmp_path)
    outputs = [picture.path.with_name(f"{on}.png") for on in (True, False)]
    for on, output in zip((True, False), outputs, strict=True):
        job.paint(PaintRequest.of(picture.path, output, device="cpu", stabilize=on))
    assert psnr(*(pictures(output)[0] for output in outputs)) >= 50
