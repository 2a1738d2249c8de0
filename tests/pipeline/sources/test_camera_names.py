"""Which camera is meant: by number, name, device, address or film; and which there are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stylize_video.errors import InputError
from stylize_video.pipeline.sources import camera_names
from stylize_video.pipeline.sources.camera import CameraLostError, OpenCvCamera
from stylize_video.pipeline.sources.camera_names import meant_by

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of cameras by files")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Two cameras; the first has a second node that gives no pictures."""
    nodes = (("video0", "HD Webcam", "0"), ("video1", "HD Webcam", "1"), ("video2", "USB Capture", "0"))
    for folder, name, index in nodes:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "name").write_text(f"{name}\n")
        (tmp_path / folder / "index").write_text(f"{index}\n")
    (tmp_path / "video3").mkdir()  # one that is just going
    return tmp_path


@linux
def test_cameras_are_listed_by_what_the_system_says(system: Path) -> None:
    assert [str(c) for c in camera_names.found(system)] == [
        "0: HD Webcam (/dev/video0)",
        "2: USB Capture (/dev/video2)",
    ]


@linux
def test_a_part_of_a_name_is_enough(system: Path) -> None:
    assert meant_by("webcam", system).address == "/dev/video0"
    assert meant_by("usb CAPTURE", system).name == "USB Capture"


@linux
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phone", "no camera or film called 'phone'; the cameras here: 0: HD Webcam"),
        ("b", "several cameras are called 'b'"),
    ],
)
def test_names_that_are_none_or_several(text: str, said: str, system: Path) -> None:
    with pytest.raises(InputError, match=said):
        meant_by(text, system)


def test_numbers_devices_addresses_and_films(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.touch()
    assert meant_by("2").address == 2
    assert meant_by("/dev/video7").address == "/dev/video7"
    assert meant_by(str(film)).film == film
    stream = meant_by("rtsp://me:secret@host:554/a")
    assert (stream.address, stream.name) == ("rtsp://me:secret@host:554/a", "rtsp://host:554/a")
    with pytest.raises(InputError, match="no such film or device"):
        meant_by(str(tmp_path / "b.mp4"))


@pytest.mark.parametrize("address", [97, "/dev/video97", "http://127.0.0.1:9/a.mjpg"])
def test_what_is_not_there_is_a_clear_line_and_nothing_else(
    address: int | str, capfd: pytest.CaptureFixture[str]
) -> None:
    camera = OpenCvCamera(address, name="that camera", size=(64, 48), rate=30)
    with pytest.raises(CameraLostError, match=r"that camera: .*(no such camera|no pictures come|can't be)"):
        camera.open()
    camera.close()
    assert capfd.readouterr() == ("", "")
