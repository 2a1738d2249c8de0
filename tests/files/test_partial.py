"""A file that gets its name when it is whole: its permissions, and a folder that goes meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stylize_video.errors import OutputError
from stylize_video.files import partial
from stylize_video.files.partial import PartialFile, output_errors
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sources.film import FilmSource
from tests import media
from tests.commands import names


def test_an_output_keeps_the_permissions_of_what_it_replaces(tmp_path: Path) -> None:
    """And until then nobody may read it who might not read that."""
    path = tmp_path / "out.mp4"
    path.write_bytes(b"private")
    path.chmod(0o600)
    file = PartialFile(path, overwrite=True)
    assert file.partial.stat().st_mode & 0o777 == 0o600
    file.write(b"film")
    file.sync()
    path.chmod(0o440)
    file.commit()
    assert path.stat().st_mode & 0o777 == 0o440
    assert path.read_bytes() == b"film"


def test_a_link_called_like_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "out.part.mp4").symlink_to(precious)
    file = PartialFile(tmp_path / "out.mp4", overwrite=False)
    file.write(b"film")
    file.commit()
    assert precious.read_bytes() == b"precious"
    assert names(tmp_path) == {"out.mp4", "out.part.mp4", "precious"}


@pytest.mark.parametrize("seconds", [0, 3600])
def test_a_folder_that_is_removed_meanwhile(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the next write, so that nobody paints for hours; at the latest when the film is finished."""
    monkeypatch.setattr(partial, "_WATCH_EVERY", seconds)
    folder = tmp_path / "folder"
    folder.mkdir()
    file = PartialFile(folder / "out.mp4", overwrite=False)
    shutil.rmtree(folder)
    message = r"out.mp4: the file or its folder was removed or replaced meanwhile; choose another folder"
    if seconds:
        file.write(b"film")  # too soon to look
    with pytest.raises(OutputError, match=message), output_errors(file.path):
        file.sync() if seconds else file.write(b"film")
    file.discard()
    assert names(tmp_path) == set()


def test_a_film_whose_folder_is_removed_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with FilmSource(media.constant(tmp_path, count=3).path, keep_source=True) as reader:
        writer = FilmSink(folder / "out.mp4", EncoderOptions(), others=reader.others).open(reader.signal)
        shutil.rmtree(folder)
        for frame in reader.frames():
            assert frame.source is not None
            writer.write(frame.source)
        with pytest.raises(OutputError, match="was removed"):
            writer.finish()
        writer.close()
    assert names(tmp_path) == {"constant.mp4"}
