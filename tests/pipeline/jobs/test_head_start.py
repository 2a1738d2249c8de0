"""What paints a film is made ready while its job is imported, and the job takes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline.jobs import head_start
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import media


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[tuple[int, ...]]]]:
    """In which threads programs were compiled, and for what sizes."""
    seen: list[tuple[str, list[tuple[int, ...]]]] = []
    compile_ = OpenVinoRuntime._compile

    def noted(self: OpenVinoRuntime, name: str, arrays: list[Any], streams: int) -> Any:
        seen.append((threading.current_thread().name, [array.shape for array in arrays]))
        return compile_(self, name, arrays, streams)

    monkeypatch.setattr(OpenVinoRuntime, "_compile", noted)
    return seen


def test_the_job_compiles_nothing_that_was_begun(
    tmp_path: Path, compiled: list[tuple[str, list[tuple[int, ...]]]]
) -> None:
    film = media.constant(tmp_path, count=4).path
    request = PaintRequest.of(film, tmp_path / "painted.mp4", quality="draft", device="cpu", max_size=48)
    workshop = Workshop()
    head_start.begin(request, workshop)
    assert job.paint(request, workshop=workshop).frames == 4
    assert [thread for thread, _ in compiled] == ["stylize-video compiler"]


def test_a_header_that_is_wrong_costs_only_time(
    tmp_path: Path, compiled: list[tuple[str, list[tuple[int, ...]]]]
) -> None:
    """A film that lies on its side is stood up for what can't say so."""
    film = media.rotated(tmp_path, 90).path
    request = PaintRequest.of(film, tmp_path / "painted.mkv", quality="draft", device="cpu", duration=0.2)
    workshop = Workshop()
    head_start.begin(request, workshop)
    assert job.paint(request, workshop=workshop).frames == 6
    assert [sizes[0][1:3] for thread, sizes in compiled if thread == "MainThread"] == [(96, 64)]


@pytest.mark.parametrize(
    "made",
    [
        lambda folder: folder / "missing.mp4",
        media.no_video,
        media.one_frame,
        media.without_frames,
        lambda folder: media.pixel_format(folder, "yuv420p10le"),
    ],
)
def test_what_is_no_film_of_eight_bits_is_left_to_the_job(
    made: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(Workshop, "build", lambda *given, **_: begun.append(given))
    found = made(tmp_path)
    head_start.begin(PaintRequest.of(getattr(found, "path", found), device="cpu"), Workshop())
    assert not begun


def test_a_style_that_can_not_be_read_is_left_to_the_job(tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    film = media.constant(tmp_path).path
    head_start.begin(
        PaintRequest.of(film, style=str(tmp_path / "broken.safetensors"), device="cpu"), Workshop()
    )
