"""The live job: the newest picture is painted, how late it is is told, and it ends as it was asked to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import av
import pytest

from stylize_video.errors import OutputError, UsageError
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.jobs import live
from stylize_video.pipeline.jobs.live import LiveInterrupted
from stylize_video.pipeline.jobs.live_request import LiveRequest
from stylize_video.pipeline.live import timecode
from stylize_video.pipeline.live.status import LiveStatus, Recent
from stylize_video.pipeline.sources.camera import Camera, CameraLostError
from tests.pipeline import _clips
from tests.pipeline._clips import Clip
from tests.pipeline.live.cameras import Script, moving, then_gone, timed


def request(**values: Any) -> LiveRequest:
    return LiveRequest.of(**{"window": False, "size": 64, "device": "cpu", **values})


def frames_of(path: Path) -> int:
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


class Ends:
    """Presses Ctrl-C after some pictures."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, picture: Picture, taken: float) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_delay_is_told_as_it_is_read_back_from_the_pictures() -> None:
    read, told = [], []

    def look(picture: Picture, _: float) -> None:
        ms = timecode.read(picture)
        if ms is not None:
            read.append(timecode.since(ms, time.monotonic()))

    def tell(status: LiveStatus) -> None:
        told.append(status)

    asked = request(seconds=2, size=320, strength=0.6, camera_width=320, camera_height=240)
    done = live.paint(asked, camera=lambda: Script(timed, rate=20), on_picture=look, on_status=tell)
    assert len(read) >= 0.9 * done.painted > 0
    assert told[-1].camera == "live"
    assert told[-1].size == (320, 240)
    assert told[-1].painted + told[-1].dropped > 0
    recent = sorted(read)[len(read) // 2]
    delays = [t.delay_ms or 0 for t in told]  # each of the last second, on a machine that may be busy
    assert min(delays) / 2 - 20 <= recent <= 2 * max(delays) + 20
    assert done.seconds >= 2


def test_a_film_is_painted_to_its_end_at_its_own_pace(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "a.mp4", Clip(frames=25))
    done = live.paint(request(camera=film, record=tmp_path / "b.mp4"))
    assert done.seconds >= 0.9
    assert done.painted + done.dropped == 25
    assert done.recordings == (tmp_path / "b.mp4",)
    assert frames_of(tmp_path / "b.mp4") <= done.painted


def test_ctrl_c_ends_a_recording_as_a_whole_film(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(LiveInterrupted) as ended:
        live.paint(request(record=path), camera=lambda: Script(moving), on_picture=Ends(5))
    assert (ended.value.partial, ended.value.frames) == (path, 5)
    assert frames_of(path) == 5
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_a_camera_that_vanishes_ends_it_and_the_recording_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(CameraLostError, match="no more pictures"):
        live.paint(request(record=path), camera=lambda: Script(lambda: then_gone(3), rate=5))
    assert frames_of(path) >= 1


def test_what_is_wrong_is_said_before_anything_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> Camera:
        raise AssertionError("opened")

    with pytest.raises(UsageError, match="did you mean"):
        live.paint(request(style="kandinski"), camera=never)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(OutputError, match="there is no screen here"):
        live.paint(request(window=True), camera=lambda: Script(moving))
    monkeypatch.setenv("DISPLAY", ":7654")
    with pytest.raises(OutputError, match="no screen answers at DISPLAY :7654"):
        live.paint(request(window=True), camera=lambda: Script(moving))


@pytest.mark.parametrize("values", [{"fps": 0}, {"quality": "best"}, {"size": 1}, {"seconds": -1}])
def test_values_out_of_their_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(values))):
        request(**values)


def test_rates_and_delays_are_of_the_last_second() -> None:
    recent = Recent()
    assert (recent.rate(0), recent.delay_ms(0.5)) == (0, None)
    for number in range(60):
        recent.add(number / 20, 0.01 * number)
    assert recent.rate(59 / 20) == pytest.approx(20, abs=1)
    assert recent.delay_ms(0.95) == pytest.approx(580, abs=10)
    assert recent.rate(10) == 0
