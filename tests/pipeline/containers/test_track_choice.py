"""Which film is painted where a file holds several, and that the others stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from stylize_video.errors import InputError, UsageError
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.sources.film import FilmSource
from tests import media


@dataclass(frozen=True)
class Track:
    size: tuple[int, int]
    frames: int
    default: bool = False


def make(path: Path, tracks: Sequence[Track]) -> Path:
    """One film for each, all from 0 s on, and sound."""
    with av.open(
        path, "w", container_options={"default_mode": "passthrough"} if path.suffix == ".mkv" else {}
    ) as output:
        streams = []
        for track in tracks:
            stream = output.add_stream("libx264", 25)
            stream.width, stream.height, stream.pix_fmt = *track.size, "yuv420p"
            stream.disposition = Disposition.default if track.default else Disposition(0)
            streams.append(stream)
        sound = media.add_sound(output, media.Sound())
        for stream, track in zip(streams, tracks, strict=True):
            for number in range(track.frames):
                flat = np.full((track.size[1], track.size[0], 3), 20 * number, np.uint8)
                frame = av.VideoFrame.from_ndarray(flat, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        media.encode_tone(output, sound, media.Sound())
    return path


SMALL, LARGE = (64, 48), (96, 64)


@pytest.mark.parametrize(
    ("tracks", "painted"),
    [
        ([Track(LARGE, 1), Track(SMALL, 6, default=True)], 1),  # a preview before the film
        ([Track(LARGE, 1, default=True), Track(SMALL, 6)], 1),  # which says that it is the film
        ([Track(SMALL, 6), Track(LARGE, 6)], 1),
        ([Track(SMALL, 6, default=True), Track(LARGE, 6)], 0),
        ([Track(SMALL, 6), Track(LARGE, 6, default=True)], 1),
        ([Track(SMALL, 6), Track(SMALL, 6)], 0),
        ([Track(SMALL, 1), Track(LARGE, 1)], 1),
    ],
)
def test_moving_default_largest(tracks: list[Track], painted: int, tmp_path: Path) -> None:
    path = make(tmp_path / "two.mkv", tracks)
    with FilmSource(path) as reader:
        assert reader.others.film == painted
        assert len(list(reader.frames())) == tracks[painted].frames
    (note,) = reader.report.notes
    assert "2 video tracks: 1 (h264, " in note
    assert f"; {painted + 1} is painted, `video_track` N takes another" in note


def test_the_users_choice(tmp_path: Path) -> None:
    path = make(tmp_path / "two.mkv", [Track(SMALL, 3), Track(LARGE, 3)])
    for number, size in ((1, SMALL), (2, LARGE)):
        with FilmSource(path, track=number) as reader:
            assert (reader.signal.width, reader.signal.height) == size
    with pytest.raises(UsageError, match=r"no video track 3; there are 2 video tracks: 1 \(h264, 64x48\)"):
        FilmSource(path, track=3)
    with pytest.raises(UsageError, match="video track 0 is out of range; give 1 or more"):
        PaintRequest.of("x.mkv", video_track=0)


@pytest.mark.parametrize(("suffix", "track"), [("mkv", None), ("mp4", 1)])
def test_the_others_are_carried(track: int | None, suffix: str, tmp_path: Path) -> None:
    """The painted one keeps its place; the other and the sound are the same packets."""
    path = make(tmp_path / f"two.{suffix}", [Track(LARGE, 1), Track(SMALL, 4, default=True)])
    output = tmp_path / f"out.{suffix}"
    result = job.paint(PaintRequest.of(path, output, video_track=track, stabilize=False, device="cpu"))
    painted = 1 if track is None else track - 1
    assert result.frames == (4 if track is None else 1)
    assert result.verified is not None
    assert "2 streams" in result.verified
    assert packets(result.output, 1 - painted) == packets(path, 1 - painted)
    assert packets(result.output, 2) == packets(path, 2)
    assert packets(result.output, painted) != packets(path, painted)
    with av.open(result.output) as output:
        assert [s.type for s in output.streams] == ["video", "video", "audio"]


def test_one_film_is_no_choice(tmp_path: Path) -> None:
    with FilmSource(media.cover_art(tmp_path).path) as reader:
        assert reader.report.notes == []


def test_sound_and_covers_are_no_film(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(path, "w") as output:
        sound = media.add_sound(output, media.Sound())
        cover = output.add_stream("png")
        cover.width, cover.height, cover.pix_fmt = 32, 32, "rgb24"
        cover.disposition = Disposition.attached_pic
        output.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        output.mux(cover.encode(None))
        media.encode_tone(output, sound, media.Sound())
    with pytest.raises(InputError, match="no video in it, only sound and a cover picture"):
        FilmSource(path)


def packets(path: Path, index: int) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(p) for p in container.demux(container.streams[index]) if p.size]
