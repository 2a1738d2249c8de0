"""A virtual camera, and the command that installs what it needs."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stylize_video.errors import OutputError
from stylize_video.pipeline.live.outputs import virtual_camera
from stylize_video.pipeline.live.outputs.virtual_camera import VirtualCamera


class FakeCamera:
    device = "/dev/video9"

    def __init__(self, **asked: Any) -> None:
        self.asked, self.sent, self.closed = asked, [], False

    def send(self, picture: Any) -> None:
        if self.closed:
            raise RuntimeError("closed")
        self.sent.append(picture)

    def close(self) -> None:
        self.closed = True


def install(monkeypatch: pytest.MonkeyPatch, camera: Any) -> None:
    package = SimpleNamespace(Camera=camera, PixelFormat=SimpleNamespace(RGB="rgb"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", package)


def test_pictures_are_sent_in_the_size_that_programs_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeCamera)
    camera = VirtualCamera((64, 48), rate=24)
    camera.show(np.zeros((48, 128, 3), np.uint8), 0.0)
    fake = camera._camera
    assert [picture.shape for picture in fake.sent] == [(48, 64, 3)]
    assert fake.asked["fps"] == 24
    camera.close()
    with pytest.raises(OutputError, match="takes no more"):
        camera.show(np.zeros((48, 64, 3), np.uint8), 0.0)


def test_a_missing_driver_gets_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: Any) -> None:
        raise RuntimeError("no v4l2 loopback device found")

    install(monkeypatch, none)
    with pytest.raises(OutputError, match="no v4l2 loopback device found") as error:
        VirtualCamera((64, 48), rate=24)
    assert virtual_camera.driver() in str(error.value)
    assert "modprobe v4l2loopback" in virtual_camera.driver("linux")
    assert "OBS" in virtual_camera.driver("win32")


def test_a_missing_package_gets_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(OutputError, match=r"pip install 'stylize-video\[virtual-camera\]'"):
        VirtualCamera((64, 48), rate=24)
