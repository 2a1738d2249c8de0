"""Files as people have them, made small (`tests/real`), through the whole command: what is right for each.

Painted with --strength 0, so that the output's pictures are the input's own and can be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from stylize_video.models.feed_forward import weights_file
from tests import drawing, media
from tests.commands import refused, run
from tests.memory import run_apart
from tests.networks import canvas_network
from tests.real import boxes, broken, clocks, looks, pictures, streams

_MEGABYTES = 2000  # resident, at most, of a run over a small file
_CHART_ERROR = 16  # of 255; JPEG and 4:2:0 cost some


class Painted(NamedTuple):
    """What a run said, and what it made."""

    path: Path
    frames: int
    notes: str  # one a line

    @property
    def pictures(self) -> list[np.ndarray]:
        """(H, W, 3) uint8 RGB of each frame, as stored."""
        with av.open(self.path) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(_film(container))]

    @property
    def numbers(self) -> list[int]:
        """What the pictures spell."""
        return [drawing.read_number(picture) for picture in self.pictures]

    @property
    def times(self) -> list[float]:
        """Of each frame, s."""
        with av.open(self.path) as container:
            return [float(frame.pts * frame.time_base) for frame in container.decode(_film(container))]


def _film(container: Any) -> Any:
    return next(s for s in container.streams.video if not s.disposition & Disposition.attached_pic)


@pytest.fixture(scope="session")
def style(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network's."""
    path = tmp_path_factory.mktemp("style") / "small.safetensors"
    weights_file.save(path, canvas_network(), ["small"], {})
    return str(path)


@pytest.fixture
def paint(style: str) -> Any:
    """Run the command to its good end."""

    def made(source: Path, output: str | None, *more: str, strength: str = "0") -> Painted:
        target = () if output is None else ("-o", source.with_name(output))
        result = run(
            source, "--style", style, "--strength", strength, "--no-stabilize", "--device", "cpu",
            "--overwrite", "--json", *target, *more,
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        return Painted(Path(told["output"]), told["frames"], "\n".join(told["notes"]))

    return made


def _packets(path: Path, kind: str, number: int = 0) -> tuple[str, list[bytes]]:
    """Codec and packets of a film's track of that kind."""
    with av.open(path) as container:
        stream = [s for s in container.streams if s.type == kind][number]
        found = [bytes(packet) for packet in container.demux(stream) if packet.size]
        return stream.codec_context.codec.canonical_name, found


def _sound(path: Path) -> tuple[np.ndarray, list[float]]:
    """What is to be heard: (channels, samples), -1 to 1, from 0 s on; and each packet's time."""
    resampler = av.AudioResampler("fltp", None, 48000)
    with av.open(path) as container:
        times = [float(p.pts * p.time_base) for p in container.demux(audio=0) if p.pts is not None]
    with av.open(path) as container:
        heard = []
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                begin = 0 if piece.pts is None else float(piece.pts * piece.time_base)
                skipped = max(0, round(-begin * 48000))
                heard.append(piece.to_ndarray()[:, skipped:])
    return np.concatenate(heard, axis=1), times


def _streams(path: Path) -> list[str]:
    with av.open(path) as container:
        return [s.type for s in container.streams]


# -- tracks that are copied --


def test_all_of_a_disc_is_copied_to_mkv(tmp_path: Path, paint: Any) -> None:
    source = streams.disc(tmp_path)
    painted = paint(source, "out.mkv")
    for kind, number, codec in (
        ("audio", 0, "ac3"),
        ("audio", 1, "dts"),
        ("subtitle", 0, "hdmv_pgs_subtitle"),
    ):
        before, after = _packets(source, kind, number), _packets(painted.path, kind, number)
        assert after == before
        assert after[0] == codec
    assert len(_packets(painted.path, "audio", 1)[1]) == streams.DTS_FRAMES
    assert len(_packets(painted.path, "subtitle")[1]) == 2 * len(streams.PGS_CUES)
    assert painted.notes == ""


@pytest.mark.parametrize("output", ["out.mkv", "out.mp4"])
def test_mp3_is_copied(output: str, tmp_path: Path, paint: Any) -> None:
    source = streams.mp3_track(tmp_path)
    assert _packets(paint(source, output).path, "audio") == _packets(source, "audio")


@pytest.mark.parametrize("output", ["out.mp4", "out.mov", "out.mkv", "out.webm", "out.avi", "out.ts"])
def test_windows_media_is_painted_with_its_sound(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(streams.windows_media(tmp_path), output)
    assert painted.numbers == list(range(10))
    samples, _ = _sound(painted.path)
    assert samples.shape[1] / 48000 == pytest.approx(0.4, abs=0.1)
    assert np.abs(samples).max() > 0.1


# -- clocks --


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out.ts"])
def test_two_recordings_in_a_row_run_on(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(clocks.two_recordings(tmp_path), output)
    assert painted.numbers == list(range(40))
    _begins_at_zero_and_lasts(painted, 1.6)
    samples, times = _sound(painted.path)
    assert samples.shape[1] / 48000 == pytest.approx(1.6, abs=0.12)
    assert times == sorted(times)
    # Each recording's tone swells once: the middle of either is loud, the break is not.
    loudness = [
        np.abs(samples[:, int(t * 48000) - 2400 : int(t * 48000) + 2400]).max() for t in (0.4, 0.83, 1.23)
    ]
    assert loudness[1] < 0.6 * min(loudness[0], loudness[2])


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out.avi", "out.ts"])
def test_a_broadcast_begins_at_zero(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(clocks.late(tmp_path), output)
    assert painted.numbers == list(range(20))
    _begins_at_zero_and_lasts(painted, 0.8)
    assert _sound(painted.path)[1][0] == pytest.approx(0, abs=0.1)
    assert re.search("clock|begin|start|shift", painted.notes), painted.notes


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out.ts"])
def test_a_clock_that_wraps_runs_on(output: str, tmp_path: Path, paint: Any) -> None:
    source = clocks.wrapping(tmp_path)
    painted = paint(source, output)
    assert painted.numbers == list(range(20))
    _begins_at_zero_and_lasts(painted, 0.8)
    times = _sound(painted.path)[1]
    assert len(times) == len(_packets(source, "audio")[1])
    assert np.diff(times) == pytest.approx(1024 / 48000, abs=0.0011)


def _begins_at_zero_and_lasts(painted: Painted, seconds: float) -> None:
    times = painted.times
    assert 0 <= times[0] < 0.1
    assert times[-1] - times[0] + 0.04 == pytest.approx(seconds, abs=0.09)
    assert min(np.diff(times)) > 0.03


@pytest.mark.parametrize("output", ["out.mp4", "out.mov", "out.mkv", "out.webm", "out.avi", "out.ts"])
def test_what_an_edit_list_hides_is_neither_seen_nor_heard(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(clocks.trimmed(tmp_path), output)
    assert painted.numbers == list(range(25, 35))
    assert painted.times[0] == pytest.approx(0, abs=0.05)
    samples, times = _sound(painted.path)
    assert samples.shape[1] / 48000 == pytest.approx(0.4, abs=0.08)
    assert np.abs(samples).max() < 0.01
    # Only an edit list hides what comes before 0; elsewhere that is played. A decoder needs a packet or two.
    assert times[0] > -0.1 or painted.path.suffix in (".mp4", ".mov")


@pytest.mark.parametrize("output", ["out.mkv", "out.mp4", "out.gif"])
def test_the_last_picture_stays_as_long_as_it_did(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(clocks.long_last_picture(tmp_path), output)
    with av.open(painted.path) as container:
        assert container.duration == pytest.approx(10.2e6)
    assert painted.times == pytest.approx([n / 25 for n in range(6)])


def test_a_clip_ends_where_it_was_to_end_though_its_last_picture_stays(tmp_path: Path, paint: Any) -> None:
    painted = paint(clocks.long_last_picture(tmp_path), "out.mp4", "--duration", "1")
    with av.open(painted.path) as container:
        assert container.duration == pytest.approx(1e6)


def test_a_change_of_size_is_told(tmp_path: Path, paint: Any) -> None:
    painted = paint(clocks.resized(tmp_path), "out.mp4")
    found = painted.pictures
    assert painted.frames == len(found) >= 19  # FFmpeg's decoder drops a picture at the change, ...
    assert len(found) == 20 or re.search("frame|packet", painted.notes), painted.notes  # which is said
    assert {picture.shape for picture in found} == {(64, 96, 3)}
    bars = np.concatenate([found[-1][:, :12], found[-1][:, -12:]], axis=1)
    assert "64x64" in painted.notes or bars.max() < 40, painted.notes


# -- layouts of sound --


@pytest.mark.parametrize("layout", ["4.0", "2.1", "5.0(side)", "5.1(side)"])
def test_a_layout_that_opus_does_not_know(layout: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(streams.surround(tmp_path, layout), "out.webm")
    assert painted.frames == 10
    if "audio" not in _streams(painted.path):
        assert "stream 1" in painted.notes
        return
    samples, _ = _sound(painted.path)
    assert np.abs(samples).max() > 0.1
    if len(samples) != av.AudioLayout(layout).nb_channels:
        assert "stream 1" in painted.notes  # a mixdown is said


# -- pictures --


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_come_out_upright(orientation: int, tmp_path: Path, paint: Any) -> None:
    still = pictures.oriented(tmp_path, orientation)
    _is_the_chart(_read(paint(still.path, "out.png").path), still.pixels)


@pytest.mark.parametrize("output", ["out.avi", "out.mp4"])
def test_a_mirrored_film_is_mirrored_back(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(looks.mirrored(tmp_path), output)
    assert [drawing.read_number(_as_shown(p, painted.path)) for p in painted.pictures] == list(range(10))


def test_a_photograph_in_tiles_is_painted_whole(tmp_path: Path, paint: Any) -> None:
    still = pictures.tiled(tmp_path)
    _is_the_chart(_read(paint(still.path, "out.png").path), still.pixels)


def test_hidden_colours_of_a_palette_stay_hidden(tmp_path: Path, paint: Any) -> None:
    still = media.palette_still(tmp_path, alpha=(0, 255, 255))
    painted = paint(still.path, "out.png")
    found = _read(painted.path, with_alpha=True)
    red, green, blue = (found[:, width].astype(int) for width in (16, 48, 80))
    hidden = red.shape[-1] == 4 and red[:, 3].max() == 0
    assert hidden or _is_grey(red[:, :3])
    assert (green[:, :3] == (0, 255, 0)).all()
    assert (blue[:, :3] == (0, 0, 255)).all()
    assert "transparen" in painted.notes


def _is_grey(pixels: np.ndarray) -> bool:
    """White, black or between."""
    return bool((np.ptp(pixels.reshape(-1, 3), axis=1) < 12).all())


def test_a_screen_recording_becomes_what_players_take(tmp_path: Path, paint: Any) -> None:
    painted = paint(pictures.screen(tmp_path), "out.mp4")
    assert _look(painted.path) == ("yuv420p", "High")
    assert painted.numbers == list(range(10))


def test_an_odd_size_becomes_what_players_take(tmp_path: Path, paint: Any) -> None:
    painted = paint(pictures.screen(tmp_path, (97, 65)), "out.mp4")
    assert _look(painted.path) == ("yuv420p", "High")
    height, width = painted.pictures[0].shape[:2]
    assert (width % 2, height % 2) == (0, 0)
    assert abs(width - 97) == abs(height - 65) == 1
    assert re.search("97x65|odd|row|column", painted.notes), painted.notes


def test_pixels_asked_for_are_kept(tmp_path: Path, paint: Any) -> None:
    painted = paint(pictures.screen(tmp_path), "out.mp4", "--pixel-format", "yuv444p")
    assert _look(painted.path)[0] == "yuv444p"


def _look(path: Path) -> tuple[str, str | None]:
    with av.open(path) as container:
        stream = container.streams.video[0]
        return stream.pix_fmt, stream.profile


def test_an_animated_png_is_a_film(tmp_path: Path, paint: Any) -> None:
    painted = paint(pictures.animation(tmp_path), None)
    assert painted.numbers == list(range(5))
    assert painted.times[-1] - painted.times[0] == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv"])
def test_an_animated_avif_is_a_film_without_its_still(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(pictures.moving_avif(tmp_path), output)
    assert painted.numbers == list(range(5))
    assert painted.times == pytest.approx([n / 5 for n in range(5)])
    assert _streams(painted.path) == ["video"]
    assert "track" not in painted.notes


# -- which track, and what is in it --


@pytest.mark.parametrize("output", ["out.mkv", "out.mp4"])
def test_a_preview_is_not_the_film(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(streams.preview_first(tmp_path), output)
    assert painted.frames == 10
    with av.open(painted.path) as container:
        films = [s for s in container.streams.video if (s.width, s.height) == (96, 64)]
        assert [drawing.read_number(f.to_ndarray(format="rgb24")) for f in container.decode(films[0])] == [
            *range(10)
        ]
    assert "audio" in _streams(painted.path)


def test_of_two_films_the_larger_is_painted_and_that_is_said(tmp_path: Path, paint: Any) -> None:
    source = streams.two_films(tmp_path)
    # Painted at full strength: what is carried is the same as before, what is painted is not.
    painted = paint(source, "out.mkv", strength="1")
    assert re.search("--video-track", painted.notes), painted.notes
    before, after = _of_size(source, (64, 48)), _of_size(painted.path, (64, 48))
    assert not after or all((a == b).all() for a, b in zip(after, before, strict=True))
    assert not (_of_size(painted.path, (96, 64))[0] == _of_size(source, (96, 64))[0]).all()


def _of_size(path: Path, size: tuple[int, int]) -> list[np.ndarray]:
    with av.open(path) as container:
        found = [s for s in container.streams.video if (s.width, s.height) == size]
        return [frame.to_ndarray() for frame in container.decode(found[0])] if found else []


def test_captions_are_kept_or_told(tmp_path: Path, paint: Any) -> None:
    painted = paint(streams.captioned(tmp_path), "out.mp4")
    with av.open(painted.path) as container:
        kept = sum(1 for f in container.decode(video=0) for d in f.side_data if "A53" in str(d.type))
    assert kept == 10 or "caption" in painted.notes, painted.notes


@pytest.mark.parametrize("output", ["out.webm", "out.mkv"])
def test_alpha_of_vp9_is_told_and_hides_nothing_loud(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(looks.transparent(tmp_path), output)
    assert re.search("alpha|transparen", painted.notes), painted.notes
    with av.open(painted.path) as container:
        assert "alpha_mode" not in {key.lower() for key in container.streams.video[0].metadata}
    assert all(_is_grey(picture[:, 4:40].astype(int)) for picture in painted.pictures)


def test_a_sphere_stays_one_or_that_is_told(tmp_path: Path, paint: Any) -> None:
    painted = paint(looks.spherical(tmp_path), "out.mp4")
    assert b"sv3d" in painted.path.read_bytes() or re.search("spher|360", painted.notes), painted.notes


def test_a_song_is_no_film(tmp_path: Path) -> None:
    result = run(streams.song(tmp_path), "-o", tmp_path / "out.mp4", "--device", "cpu")
    assert result.exit_code == 1
    assert "only sound and a cover picture" in result.stderr
    assert not (tmp_path / "out.mp4").exists()


# -- what players take --


@pytest.mark.parametrize("output", ["out.mp4", "out.mov"])
def test_h265_is_tagged_as_players_want_it(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(media.film(tmp_path / "plain.mp4").path, output, "--codec", "h265")
    data = painted.path.read_bytes()
    assert boxes.content(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"))[12:16] == b"hvc1"


@pytest.mark.parametrize(
    ("more", "fields"), [((), True), (("--deinterlace",), False)], ids=["as it is", "not"]
)
def test_fields_are_flagged_or_made_frames(
    more: Sequence[str], fields: bool, tmp_path: Path, paint: Any
) -> None:
    painted = paint(looks.interlaced(tmp_path), "out.mkv", *more)
    with av.open(painted.path) as container:
        assert {frame.interlaced_frame for frame in container.decode(video=0)} == {fields}


@pytest.mark.slow
def test_hdr_becomes_sdr_of_8_bit(tmp_path: Path, paint: Any) -> None:
    painted = paint(looks.hdr10(tmp_path), "out.mkv")
    with av.open(painted.path) as container:
        stream = container.streams.video[0]
        assert (stream.pix_fmt, stream.codec_context.color_trc) == ("yuv420p", 1)
    assert "HDR" in painted.notes


# -- damage --


@pytest.mark.parametrize("output", ["out.mp4", "out.mov", "out.mkv"])
def test_a_film_without_its_first_picture(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(broken.first_picture_zeroed(tmp_path), output)
    assert painted.numbers == list(range(8, 24))
    assert painted.times[0] == pytest.approx(1 / 3, abs=0.001)


@pytest.mark.parametrize("output", ["out.mkv", "out.mp4"])
def test_one_broken_tag_costs_no_film(output: str, tmp_path: Path, paint: Any) -> None:
    painted = paint(broken.broken_tag(tmp_path), output)
    assert sorted(set(painted.numbers)) == list(range(16))
    assert re.search("packet|out of order", painted.notes), painted.notes


def test_frames_are_not_lost_in_silence(tmp_path: Path, paint: Any) -> None:
    source = broken.damaged_hevc(tmp_path)
    painted = paint(source, "out.mp4")
    assert painted.frames == broken.decodable_frames(source) == 9
    assert re.search("frame|packet", painted.notes), painted.notes


# -- what is refused --


@pytest.mark.parametrize("name", broken.PLAYLISTS)
def test_playlists_and_texts_are_refused_at_once(name: str, tmp_path: Path) -> None:
    assert name in refused(1, "", broken.playlist(tmp_path, name), "-o", tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


def test_bombs_take_little_memory(tmp_path: Path, style: str) -> None:
    film, bomb = media.film(tmp_path / "film.mp4").path, broken.huge_jpeg(tmp_path)
    small = ("--style", style, "--no-stabilize", "--device", "cpu")
    ended, peak = run_apart(
        (bomb, *small, "-o", tmp_path / "out.png"),
        (film, "--style", bomb, "--no-stabilize", "--device", "cpu", "-o", tmp_path / "style.mkv"),
        (film, *small, "--mask", bomb, "-o", tmp_path / "mask.mkv"),
        (broken.huge_gif(tmp_path), *small, "-o", tmp_path / "out.mp4"),
    )
    assert peak < _MEGABYTES
    assert len(ended) == 4
    for code, stderr in ended:
        assert code in (0, 1), stderr
        if code == 1:
            assert len(stderr.strip().splitlines()) == 1
            assert bomb.name in stderr or "big16.gif" in stderr


# -- reading --


def _read(path: Path, *, with_alpha: bool = False) -> np.ndarray:
    """RGB, or RGBA if it has that."""
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED if with_alpha else cv2.IMREAD_COLOR)
    assert found is not None
    return found[..., [2, 1, 0, 3]] if found.shape[-1] == 4 else found[..., ::-1]


def _is_the_chart(found: np.ndarray, upright: np.ndarray) -> None:
    assert found.shape == upright.shape
    assert np.abs(drawing.read_chart(found) - drawing.read_chart(upright)).max() < _CHART_ERROR


def _as_shown(picture: np.ndarray, path: Path) -> np.ndarray:
    """By the display matrix of an mp4, if that only mirrors."""
    if path.suffix != ".mp4":
        return picture
    matrix = boxes.content(path.read_bytes(), (b"moov", b"trak", b"tkhd"))[40:76]
    across, down = (int.from_bytes(matrix[place : place + 4], "big", signed=True) for place in (0, 16))
    return picture[:: 1 if down > 0 else -1, :: 1 if across > 0 else -1]
