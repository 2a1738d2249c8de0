"""score(): films made by hand whose figures are known beforehand."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.errors import InputError, TrainingError
from stylize_video.models.perceptual import frame_distances
from stylize_video.pipeline.scoring.options import ScoreOptions
from stylize_video.pipeline.scoring.score import Score, score
from stylize_video.pipeline.scoring.words import frames, stream
from tests import drawing, media

Levels = NDArray[np.float64]  # (H, W) grey, 0..255
Draw = Callable[[int], Levels]

SIZE = (128, 96)  # px


def texture(seed: int = 0, *, size: tuple[int, int] = SIZE) -> Levels:
    """Smooth blobs with levels of 60 to 190."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).uniform(0, 1, size[::-1]), (0, 0), 3)
    return np.asarray(60 + 130 * (noise - noise.min()) / (noise.max() - noise.min()), np.float64)


def grey(folder: Path, name: str, draw: Draw, *, times: media.Times | None = None, **rest: Any) -> Path:
    """A film without loss whose grey levels are what `draw(number)` says, rounded."""
    video = media.Video(
        times=times or media.steady(20),
        size=SIZE,
        pixel_format="gray",
        full_range=True,
        draw=lambda number, *_: np.repeat(draw(number)[..., None], 3, axis=-1) / 255,
        **rest,
    )
    return media.lossless(folder, video, name=name).path


def noisy(draw: Draw, deviation: float) -> Draw:
    """The same with grain that is new in each frame."""
    return lambda n: draw(n) + np.random.default_rng(n).normal(0, deviation, SIZE[::-1])


def scored(source: Path, output: Path, **options: Any) -> Score:
    """With the default options unless others are given."""
    return score(source, output, ScoreOptions(**options))


def still(_: int) -> Levels:
    return texture()


def panned(number: int) -> Levels:
    """Two px to the right a frame."""
    wide = texture(size=(SIZE[0] + 80, SIZE[1]))
    return wide[:, 80 - 2 * number : 80 - 2 * number + SIZE[0]]


def test_identical_films(tmp_path: Path) -> None:
    film = media.constant(tmp_path, count=30).path
    found = scored(film, film)
    assert found.film.warping_error is not None
    assert found.film.warping_error > 0
    assert found.film.warping_error_ratio == 1
    assert found.film.detail_ratio == 1
    assert found.film.luminance_drift_255 == 0
    assert found.film.contrast_drift_255 == 0
    assert found.film.still_flicker_255 == found.film.input_still_flicker_255
    assert list(frames(found)) == ["30 of 30 frames of the input are in the output, at equal times"]
    assert [stream(s) for s in found.streams] == ["stream 1 (audio, aac): identical"]
    assert found.notes == ()
    assert found.distances is None


@pytest.mark.parametrize("deviation", [2.0, 6.0])
def test_noise_on_a_still_film(tmp_path: Path, deviation: float) -> None:
    source = grey(tmp_path, "a.mkv", still)
    output = grey(tmp_path, "b.mkv", noisy(still, deviation))
    film = scored(source, output).film
    variance = deviation**2 + 1 / 12  # levels are rounded
    assert film.warping_error == pytest.approx(2 * variance / 255**2, rel=0.02)
    assert film.still_flicker_255 == pytest.approx(math.sqrt(2 * variance), rel=0.01)
    assert film.still_share == 1
    assert film.input_warping_error == 0
    assert film.input_still_flicker_255 == 0
    assert film.warping_error_ratio is None  # nothing to compare with
    assert film.luminance_drift_255 == pytest.approx(0, abs=0.1)


def test_noise_on_a_film_that_pans(tmp_path: Path) -> None:
    source = grey(tmp_path, "a.mkv", panned)
    film = scored(source, grey(tmp_path, "b.mkv", noisy(panned, 6))).film
    # Bilinear fetching at d px between two pixels keeps d^2 + (1 - d)^2 of one frame's noise in each
    # direction: between 1 + 1/4 and 2 variances are left. DIS finds a pan of whole px within 0.1 px.
    assert 1.5 * 36 < film.warping_error * 255**2 < 2.05 * 36
    assert film.still_share == pytest.approx(0, abs=0.01)
    assert film.still_flicker_255 is None


def test_half_the_contrast_is_no_steadier_by_the_relative_error(tmp_path: Path) -> None:
    source = grey(tmp_path, "a.mkv", still)
    full = scored(source, grey(tmp_path, "b.mkv", noisy(still, 12))).film
    half = scored(source, grey(tmp_path, "c.mkv", lambda n: 64 + noisy(still, 12)(n) / 2)).film
    assert half.warping_error == pytest.approx(full.warping_error / 4, rel=0.02)
    assert half.relative_warping_error == pytest.approx(full.relative_warping_error, rel=0.03)
    across = np.mean([np.abs(np.diff(noisy(still, 12)(n).round(), axis=1)).mean() for n in range(20)])
    by_hand = full.warping_error / (across / 255) ** 2
    assert full.relative_warping_error == pytest.approx(by_hand, rel=0.002)


def test_every_frame_a_frame_late(tmp_path: Path) -> None:
    """The same pictures at later times: a delay is said, and nothing else is different."""
    source = grey(tmp_path, "a.mkv", panned)
    output = grey(tmp_path, "b.mkv", panned, times=media.steady(20, start=Fraction(1, 25)))
    found = scored(source, output)
    assert found.film.warping_error_ratio == 1
    assert list(frames(found)) == [
        "20 of 20 frames of the input are in the output, at equal times",
        "the output starts 0.040 s later",
    ]


def test_pictures_a_frame_late_at_the_same_times(tmp_path: Path) -> None:
    """Of a film that gets lighter by two levels a frame, the delay is two levels, and no drift."""
    source = grey(tmp_path, "a.mkv", lambda n: texture() + 2 * n)
    output = grey(tmp_path, "b.mkv", lambda n: texture() + 2 * max(n - 1, 0))
    found = scored(source, output)
    lag = found.series.column("luminance") - found.series.column("input_luminance")
    assert lag[1:] == pytest.approx(-2)
    error = (2 / 255) ** 2
    assert found.film.input_warping_error == pytest.approx(error, rel=0.03)
    assert found.film.warping_error == pytest.approx(error * 18 / 19, rel=0.03)  # its first change is none
    assert found.film.still_flicker_255 == pytest.approx(2 * math.sqrt(18 / 19), rel=0.01)
    assert abs(found.film.luminance_drift_255) < 0.3  # a tenth of a frame's delay


def test_one_frame_missing(tmp_path: Path) -> None:
    source = media.lossless(tmp_path, media.Video(times=media.steady(20)), name="a.mkv")
    kept = [n for n in range(20) if n != 5]
    lacking = replace(
        source.video,
        times=tuple(source.video.times[n] for n in kept),
        draw=lambda n, *size: drawing.numbered_picture(kept[n], *size),
    )
    found = scored(source.path, media.lossless(tmp_path, lacking, name="b.mkv").path)
    assert found.pairing.missing.times == [Fraction(1, 5)]
    assert list(frames(found)) == [
        "19 of 20 frames of the input are in the output, at equal times",
        "1 frame is missing: at 0:00.20",
    ]
    assert found.film.warping_error_ratio == 1  # the frames that are there are the same
    assert len(found.series) == 19


def test_the_first_frame_missing(tmp_path: Path) -> None:
    source = grey(tmp_path, "a.mkv", panned)
    output = grey(tmp_path, "b.mkv", lambda n: panned(n + 1), times=media.steady(20)[1:])
    found = scored(source, output)
    assert found.pairing.missing.times == [0]
    assert found.film.warping_error_ratio == 1


def test_a_part_may_be_any_part(tmp_path: Path) -> None:
    """What `--start` makes of a film begins at 0, and nothing in it says where it was."""
    source = grey(tmp_path, "a.mkv", panned)
    found = scored(source, grey(tmp_path, "b.mkv", panned, times=media.steady(10)))
    line = (
        "the output is shorter and taken for the film's beginning; it may be a later part as well, by up to"
    )
    assert f"{line} 0.400 s" in list(frames(found))


def test_frames_added_and_moved(tmp_path: Path) -> None:
    times = list(media.steady(20))
    source = grey(tmp_path, "a.mkv", panned)
    moved = [*times[:9], times[9] + Fraction(1, 100), *times[10:]]
    output = grey(tmp_path, "b.mkv", panned, times=tuple(moved))
    assert list(frames(scored(source, output))) == [
        "20 of 20 frames of the input are in the output",
        "1 frame is moved, by 10.0 ms at most: at 0:00.36",
    ]
    twice = grey(tmp_path, "c.mkv", lambda n: panned(n // 2), times=media.steady(39, 50))
    found = scored(source, twice)
    assert found.pairing.added.count == 19
    assert found.pairing.missing.count == 0
    assert found.film.warping_error_ratio == 1
    assert "19 frames are added: at 0:00.02, 0:00.06, 0:00.10, 0:00.14, 0:00.18, ..." in list(frames(found))


def test_half_the_rate(tmp_path: Path) -> None:
    source = grey(tmp_path, "a.mkv", panned)
    found = scored(
        source, grey(tmp_path, "b.mkv", lambda n: panned(2 * n), times=media.steady(10, Fraction(25, 2)))
    )
    assert (found.pairing.pairs, found.pairing.missing.count) == (10, 10)
    assert found.film.warping_error_ratio == 1


def test_another_rate_on_the_label(tmp_path: Path) -> None:
    """25 frames/s shown at 24: the same frames, in more time."""
    source = grey(tmp_path, "a.mp4", panned)
    output = grey(tmp_path, "b.mp4", panned, times=media.steady(20, 24), rate=Fraction(24))
    found = scored(source, output)
    assert found.clock.duration_ratio == Fraction(25, 24)
    assert found.film.warping_error_ratio == 1
    assert "the output takes 1.0417 times as long, with the same frames" in list(frames(found))


def test_a_slow_fade_is_a_drift(tmp_path: Path) -> None:
    times = media.steady(30, 10)
    darker = [round(20 * n / 29) for n in range(30)]
    source = grey(tmp_path, "a.mkv", still, times=times)
    output = grey(tmp_path, "b.mkv", lambda n: np.rint(texture()) - darker[n], times=times)
    film = scored(source, output).film
    assert film.luminance_drift_255 == pytest.approx(
        -(np.mean(darker[-10:]) - np.mean(darker[:10])), abs=1e-3
    )
    assert film.contrast_drift_255 == pytest.approx(0, abs=1e-3)
    flat = grey(tmp_path, "c.mkv", lambda n: 125 + (texture() - 125) * (1 - n / 58), times=times)
    film = scored(source, flat).film
    lost = 10 / 58 + 10 / 58  # of the contrast, between the middles of the first second and of the last
    assert film.contrast_drift_255 == pytest.approx(-lost * texture().std(), rel=0.06)


def test_nothing_is_measured_across_a_cut(tmp_path: Path) -> None:
    def shots(number: int) -> Levels:
        return texture(1) if number < 12 else texture(2) - 30

    def painted(number: int) -> Levels:
        return 250 - shots(number)

    times = media.steady(24)
    found = scored(grey(tmp_path, "a.mkv", shots, times=times), grey(tmp_path, "b.mkv", painted, times=times))
    assert [shot.frames for shot in found.shots] == [12, 12]
    assert [shot.start_s for shot in found.shots] == [0, 0.48]
    assert np.flatnonzero(np.isnan(found.series.column("warping_error"))).tolist() == [0, 12]
    assert found.film.warping_error == 0
    assert (
        found.film.luminance_drift_255 == 0
    )  # the negative is lighter in the second shot, and that is no drift


def test_the_worst_second(tmp_path: Path) -> None:
    times = media.steady(40, 10)

    def painted(number: int) -> Levels:
        return noisy(still, 5)(number) if 15 <= number < 25 else still(number)

    source = grey(tmp_path, "a.mkv", still, times=times)
    found = scored(source, grey(tmp_path, "b.mkv", painted, times=times), places=3)
    # Ten changes are in a second: those to the ten frames after 1.4 s; the one to 2.5 s comes too late.
    assert found.film.worst_second_s == pytest.approx(1.5, abs=0.11)
    assert found.film.worst_second_warping_error == pytest.approx(2 * 25 / 255**2, rel=0.1)
    assert len(found.places) == 3
    assert 1.5 <= found.places[0].time_s <= 2.5
    assert found.places[0].warping_error >= found.places[1].warping_error >= found.places[2].warping_error
    apart = np.diff(sorted(place.time_s for place in found.places))
    assert (apart >= 1).all()


def test_another_size_container_and_codec(tmp_path: Path) -> None:
    source = media.constant(tmp_path, count=20).path
    video = media.Video(times=media.steady(20, start=Fraction(1, 2)), size=(192, 128), rate=Fraction(50))
    found = scored(source, media.film(tmp_path / "b.mkv", video, sounds=[media.Sound(codec="flac")]).path)
    assert found.size == (96, 64)
    assert found.pairing.pairs == 20
    assert found.clock.offset == Fraction(1, 2)
    assert 0.5 < found.film.warping_error_ratio < 1.5
    assert found.notes == ()
    told = [stream(s) for s in found.streams]
    assert len(told) == 1
    assert told[0].startswith("stream 1 (audio, aac): encoded again as flac, starts 0.")
    assert "too early for the pictures" in told[0]


def test_sound_that_is_cut(tmp_path: Path) -> None:
    source = media.film(tmp_path / "a.mkv", media.Video(), sounds=[media.Sound()]).path
    short = [media.Sound(seconds=Fraction(1, 2))]
    found = scored(source, media.film(tmp_path / "b.mkv", media.Video(), sounds=short).path)
    told = stream(found.streams[0])
    assert re.fullmatch(
        r"stream 1 \(audio, aac\): cut or altered, 2\d packets of 4\d in the input, "
        r"ends 0\.[45]\d\d s too early for the pictures",
        told,
    )


def test_sound_that_is_lost(tmp_path: Path) -> None:
    source = media.rich(tmp_path).path
    found = scored(source, media.lossless(tmp_path, media.Video(times=media.steady(25)), name="b.mkv").path)
    results = [(s.source.kind, s.result) for s in found.streams]
    assert results == [("audio", "missing")] * 2 + [("subtitle", "missing"), ("attachment", "missing")]
    back = scored(tmp_path / "b.mkv", source)
    assert {s.result for s in back.streams} == {"added"}


def test_upright_is_compared_with_upright(tmp_path: Path) -> None:
    source = media.rotated(tmp_path, 90).path
    upright = media.Video(times=media.steady(6), size=(64, 96))
    found = scored(source, media.film(tmp_path / "b.mp4", upright).path)
    assert found.size == (64, 96)
    assert found.film.luminance_drift_255 == pytest.approx(0, abs=0.5)
    difference = found.series.column("luminance") - found.series.column("input_luminance")
    assert difference == pytest.approx(0, abs=1)
    assert found.notes == ()


def test_another_shape_is_said(tmp_path: Path) -> None:
    source = media.constant(tmp_path).path
    found = scored(source, media.film(tmp_path / "b.mp4", media.Video(size=(96, 96))).path)
    assert found.notes == (
        "the output has another shape, 1.00:1 and not 1.50:1; it was stretched to the input's",
    )


def test_ten_bits_and_shrunk(tmp_path: Path) -> None:
    film = media.pixel_format(tmp_path, "yuv420p10le", size=(192, 128)).path
    found = scored(film, film, max_size=96)
    assert found.size == (96, 64)
    assert found.film.warping_error_ratio == 1


def test_an_output_that_breaks_off(tmp_path: Path) -> None:
    broken = media.truncated(tmp_path)
    whole = media.film(tmp_path / "a.mkv", media.Video(times=broken.times)).path
    found = scored(whole, broken.path)
    assert found.pairing.missing.count >= len(broken.times) - broken.whole - 1
    assert any("truncated.mkv" in note for note in found.notes)


def test_a_film_of_one_frame(tmp_path: Path) -> None:
    picture = media.still(tmp_path).path
    found = scored(picture, picture)
    assert found.film.frames == 1
    assert found.film.warping_error is None
    assert found.film.worst_second_s is None
    assert found.film.luminance_drift_255 is None
    assert found.film.detail_ratio == 1


def test_what_is_too_small_is_refused(tmp_path: Path) -> None:
    small = media.film(tmp_path / "a.mkv", media.Video(size=(96, 12), codec="ffv1")).path
    with pytest.raises(InputError, match=r"a\.mkv: 96x12 px is too small to find motion in; it takes 16"):
        scored(small, small)


def test_progress_is_told(tmp_path: Path) -> None:
    film = media.constant(tmp_path).path
    seen: list[int] = []
    infos: list[Any] = []
    score(film, film, ScoreOptions(), on_start=infos.append, on_frame=seen.append)
    assert seen == list(range(1, 11))
    assert infos[0].frame_count == 10


def test_distances_to_the_painting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        frame_distances, "Judge", partial(frame_distances.Judge, size=64)
    )  # a second, not ten
    film = media.constant(tmp_path).path
    chart = media.still(tmp_path, name="painting.png").path
    found = scored(film, film, style=str(chart)).distances
    assert found is not None
    assert found.frames == 8
    assert found.content_distance == 0
    assert found.style_distance > 0
    named = scored(film, film, style="kandinsky")
    assert named.distances.content_distance == 0
    assert named.distances.style_distance is None
    assert "'kandinsky' needs a picture of the painting" in named.notes[0]


def test_distances_of_a_part_are_those_of_its_own_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_distances, "Judge", partial(frame_distances.Judge, size=64))
    whole = grey(tmp_path, "a.mkv", panned, times=media.steady(40))
    part = grey(tmp_path, "b.mkv", panned, times=media.steady(2))  # less than a sixteenth
    found = scored(whole, part, style="kandinsky").distances
    assert found is not None
    assert found.frames == 2
    assert found.content_distance == 0


def test_a_painting_that_cannot_be_used_is_refused_first(tmp_path: Path) -> None:
    film = media.constant(tmp_path).path
    small = media.still(tmp_path, name="small.png", size=(32, 32)).path
    with pytest.raises(TrainingError, match="too small"):
        score(film, film, ScoreOptions(style=str(small)), on_start=lambda _: pytest.fail("began"))


def test_the_sound_of_a_part_ends_with_its_pictures(tmp_path: Path) -> None:
    """What `start` and `duration` make of a film: nothing is early that ends when the pictures do."""
    sound, short = media.Sound(seconds=Fraction(2)), media.Sound(seconds=Fraction(1))
    source = media.film(tmp_path / "a.mkv", media.Video(times=media.steady(50)), sounds=[sound]).path
    part = media.Video(times=media.steady(25))
    cut = scored(source, media.film(tmp_path / "b.mkv", part, sounds=[short]).path)
    told = r"stream 1 \(audio, aac\): cut or altered, \d+ packets of \d+ in the input"
    assert re.fullmatch(told, stream(cut.streams[0]))
    whole = scored(source, media.film(tmp_path / "c.mkv", part, sounds=[sound]).path)
    told = r"stream 1 \(audio, aac\): identical, ends (0\.9|1\.0)\d\d s too late for the pictures"
    assert re.fullmatch(told, stream(whole.streams[0]))


def test_chapters_are_called_so(tmp_path: Path) -> None:
    extras = media.Extras(
        chapters=[(Fraction(0), Fraction(1, 2), "Anfang"), (Fraction(1, 2), Fraction(1), "Ende")]
    )
    film = media.film(tmp_path / "a.mp4", media.Video(times=media.steady(25)), extras=extras).path
    assert [stream(s) for s in scored(film, film).streams] == ["stream 1 (chapter titles): identical"]
