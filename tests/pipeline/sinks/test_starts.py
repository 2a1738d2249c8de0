"""Where an MP4's tracks begin is said in a clock of its own, which holds it exactly or is known not to."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.pipeline import _clips
from tests.pipeline._trip import trip


def without_its_first_picture(path: Path) -> Path:
    """24 frames/s, of which the first group of 8 can't be decoded: the film begins at 1/3 s."""
    options = {"bf": "0", "g": "8", "sc_threshold": "0"}
    with av.open(path, "w", options={"video_track_timescale": "12288"}) as output:
        stream = output.add_stream("libx264", 24, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 12288)
        sound = output.add_stream("aac", 44100)
        with av.open("testsrc2=size=64x48:rate=24:duration=1", format="lavfi") as source:
            for number, frame in enumerate(source.decode(video=0)):
                picture = frame.reformat(format="yuv420p")
                picture.pts, picture.time_base, picture.pict_type = 512 * number, Fraction(1, 12288), 0
                output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        with av.open("sine=frequency=440:sample_rate=44100:duration=1", format="lavfi") as source:
            for tone in source.decode(audio=0):
                output.mux(sound.encode(tone))
        output.mux(sound.encode(None))
    data = bytearray(path.read_bytes())
    with av.open(path) as film:
        first = next(p for p in film.demux(film.streams.video[0]) if p.size)
        place, size = first.pos or 0, first.size
    data[place : place + size] = bytes(size)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_a_film_whose_first_picture_is_damaged(tmp_path: Path, extension: str) -> None:
    film = without_its_first_picture(tmp_path / "film.mp4")
    result = trip(film, tmp_path / f"out.{extension}")
    assert result.times() == [Fraction(number, 24) for number in range(8, 24)]
    assert "times equal" in result.verified
    assert "8 frames are missing, because they could not be decoded" in result.notes


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_a_start_that_no_clock_of_mp4_holds(tmp_path: Path, extension: str) -> None:
    """The least common multiple of all ticks is too large; a tick of what remains is allowed, and said."""
    base = Fraction(1, 3000017)
    pts = [1000005 + 120000 * number for number in range(12)]
    film = _clips.make(tmp_path / "film.mov", _clips.Clip(time_base=base, pts=pts, options=movie(3000017)))
    with av.open(film) as source:
        assert source.streams.video[0].time_base == base
    result = trip(film, tmp_path / f"out.{extension}")
    assert "times equal to 1 ms" in result.verified
    wanted = [time * base for time in pts]
    assert all(abs(a - b) <= Fraction(1, 1000) for a, b in zip(result.times(), wanted, strict=True))


def movie(scale: int) -> dict[str, str]:
    return {"movie_timescale": str(scale), "video_track_timescale": str(scale)}
