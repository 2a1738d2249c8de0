"""Inputs of kilobytes that promise gigabytes: a line, and hardly any memory."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.errors import InputError
from stylize_video.pictures import picture_size
from stylize_video.pipeline.containers import limits
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages.guide import Guide
from stylize_video.pipeline.stages.masks import open_mask
from tests import bombs, media
from tests.commands import refused
from tests.memory import run_apart


def written(path: Path, data: bytes) -> str:
    """A file, and its name."""
    path.write_bytes(data)
    return str(path)


def test_bombs_wherever_pictures_are_taken(tmp_path: Path) -> None:
    film, out = media.constant(tmp_path, count=2).path, tmp_path / "out.mp4"
    jpg, png, gif = (
        written(tmp_path / f"b.{k}", d)
        for k, d in (("jpg", bombs.jpeg()), ("png", bombs.png()), ("gif", bombs.gif()))
    )
    guide = tmp_path / "guide"
    guide.mkdir()
    written(guide / "frame0001.webp", bombs.webp())
    white = written(tmp_path / "8k.png", bombs.png(7680, 4320, rows=4320))
    results, peak = run_apart(
        *((bomb, "-o", tmp_path / "out.png") for bomb in (jpg, png, gif)),
        (film, "--guide", guide, "-o", out),
        ("score", film, gif),
        (white, "-o", tmp_path / "white.png"),
    )
    for code, said in results:
        assert code == 1
        line = said.strip().splitlines()[-1]
        assert "30000x30000 px" in line or "frames are 7680x4320 px" in line, said
    assert peak < 1500


@pytest.mark.parametrize("name", ["jpg", "gif", "webp", "tif"])
def test_a_bomb_as_a_mask(name: str, tmp_path: Path) -> None:
    path = Path(written(tmp_path / f"bomb.{name}", bombs.PICTURES[name]))
    with pytest.raises(InputError, match=r"bomb.*: says that it is 30000x30000 px"):
        open_mask(path)


def test_a_table_of_a_billion_samples(tmp_path: Path) -> None:
    refused(1, "its table promises more than it holds", bombs.film(tmp_path, samples=10**9))
    limits.check_file(bombs.film(tmp_path, samples=1000))


def test_a_fragment_of_a_billion_samples(tmp_path: Path) -> None:
    trun = (20).to_bytes(4, "big") + b"trun" + bytes(4) + (10**9).to_bytes(4, "big") + bytes(4)
    path = tmp_path / "promises.mp4"
    moof = (8 + len(trun)).to_bytes(4, "big") + b"moof" + trun
    path.write_bytes((16).to_bytes(4, "big") + b"ftypisom" + bytes(4) + moof)
    with pytest.raises(InputError, match="promises more than it holds"):
        limits.check_file(path)


def test_honest_films_pass(tmp_path: Path) -> None:
    for clip in (media.rich(tmp_path), media.pcm_sound(tmp_path), media.constant(tmp_path)):
        limits.check_file(clip.path)
    fragmented = tmp_path / "fragmented.mp4"
    with av.open(fragmented, "w", options={"movflags": "frag_keyframe+empty_moov"}) as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(20):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    limits.check_file(fragmented)


def test_a_large_still_is_read_smaller(tmp_path: Path) -> None:
    path = tmp_path / "white.png"
    path.write_bytes(bombs.png(7680, 4320, rows=4320))
    with FilmSource(path, max_size=384) as reader:
        limits.check_worth(reader.path, reader.signal)
    with FilmSource(path) as reader, pytest.raises(InputError, match=r"7680x4320 px, .* add `max_size` 3840"):
        limits.check_worth(reader.path, reader.signal)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_telephones_photograph_is_painted_in_its_size(suffix: str, tmp_path: Path) -> None:
    path = Path(written(tmp_path / f"photo{suffix}", bombs.encoded(suffix, 4032, 3024, flat=True)))
    assert path.stat().st_size < 2**20
    with FilmSource(path) as reader:
        limits.check_worth(reader.path, reader.signal)


def test_a_frame_beyond_the_limit_in_mid_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg itself refuses what no header said."""
    monkeypatch.setattr(limits, "CODEC_OPTIONS", {"max_pixels": "5000"})
    film = media.constant(tmp_path)
    with pytest.raises(InputError, match="not one frame that can be decoded"):
        FilmSource(film.path)
    monkeypatch.setattr(picture_size, "LARGEST", 5000)
    with pytest.raises(InputError, match=r"says that it is \d+x\d+ px; at most"):
        FilmSource(film.path)


def test_a_large_mask_is_reduced_before_it_becomes_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = media.constant(tmp_path, count=1)
    with open_mask(film.path) as mask:
        expected = mask.at(Fraction(0), (20, 30))
    monkeypatch.setattr("stylize_video.pipeline.stages.masks._MOST_PIXELS", 2000)
    with open_mask(film.path) as mask:
        assert np.abs(mask.at(Fraction(0), (20, 30)) - expected).mean() < 0.05


def test_a_guides_picture_of_another_size_is_not_decoded(tmp_path: Path) -> None:
    written(tmp_path / "frame1.png", bombs.png(9000, 9000))
    with pytest.raises(InputError, match=r"frame1\.png: is 9000x9000 px, but the film 48x32"):
        Guide.open(tmp_path).check_size(48, 32)
