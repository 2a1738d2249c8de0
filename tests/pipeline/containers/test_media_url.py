"""Whatever a file is called, FFmpeg opens that file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import av
import pytest

from stylize_video.pipeline.containers.media_url import AS_NAMED, media_url
from tests import media
from tests.pipeline import _clips
from tests.pipeline._clips import Clip

NAMES = [
    "Film: one",
    "http:x",
    "pipe:",
    "-dash",
    "100%",
    "img%03d",
    "a*b?{1}",
    " blank",
    os.fsdecode(b"caf\xe9"),
]
linux = pytest.mark.skipif(sys.platform != "linux", reason="file systems elsewhere refuse such names")


@linux
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_films_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As input, under a relative name, and as output, which is opened again to verify it."""
    monkeypatch.chdir(tmp_path)
    _clips.make(Path("film.mp4"), Clip(frames=3, sounds=[("aac", "eng")])).rename(f"{name}.mp4")
    output = Path(f"{name}_two.mp4")
    with av.open(media_url(Path(f"{name}.mp4")), options=dict(AS_NAMED)) as film:
        assert len(film.streams) == 2
    options = _clips.EncoderOptions(preset="ultrafast")
    with _clips.sink(output, Path(f"{name}.mp4"), options) as writer:
        _clips.feed(writer, Path(f"{name}.mp4"))
        report = writer.finish()
    written = _clips.Written(report, _clips.read(Path(f"{name}.mp4")))
    assert "1 stream (" in _clips.verify(output, written)


@linux
@pytest.mark.parametrize("name", ["img%03d", "Photo: 1", "a*b?{1}"])
def test_pictures_of_any_name(tmp_path: Path, name: str) -> None:
    """A pattern in the name of a picture is its name, even where other files match it."""
    still = media.still(tmp_path, name="plain.png", size=(96, 64))
    for number in range(3):
        media.still(tmp_path, name=f"img{number:03d}.png", size=(32, 32))
    path = still.path.rename(tmp_path / f"{name}.png")
    with av.open(media_url(path), options=dict(AS_NAMED)) as picture:
        frames = list(picture.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [(96, 64)]


def test_links_are_not_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path)
    assert media_url(Path("link/../film.mp4")) == str(tmp_path / "link" / ".." / "film.mp4")
