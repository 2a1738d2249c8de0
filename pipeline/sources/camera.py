"""Cameras, and streams of the network, by OpenCV: pictures as they come, each with the time when it came.

OpenCV may go on giving the last picture, or say that all is well, when a camera has been unplugged (its
issues 5221 and 14044). So nobody trusts what it says: `pipeline/live/capture.py` watches clock and picture.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import cv2
import numpy as np

from stylize_video.errors import InputError

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_PATIENCE_MS = 5000  # for a stream of the network to be opened, and for each of its pictures
_RTSP = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"  # FFmpeg's options, in OpenCV's notation


class LiveFrame(NamedTuple):
    """A picture that was just taken."""

    picture: Picture
    time: float  # s, by `time.monotonic`: when it came


class CameraLostError(InputError):
    """It is not there, or not any more; it may come back."""


class Camera(Protocol):
    """Whatever gives live pictures. Used by one thread, but for its names."""

    @property
    def name(self) -> str:
        """As messages call it."""
        ...

    @property
    def may_stand_still(self) -> bool:
        """Whether a picture that doesn't change in the least is nothing unusual."""
        ...

    def open(self) -> None:
        """Begin, or begin again.

        Raises:
            CameraLostError: it isn't there, or gives nothing.
            InputError: it never will.
        """
        ...

    def read(self) -> LiveFrame | None:
        """Wait for the next picture; None: there will be no other.

        Raises:
            CameraLostError: it is gone.
        """
        ...

    def close(self) -> None:
        """Let go of it. Safe to call again, and before it was open."""
        ...


def hush() -> None:
    """Let OpenCV print nothing: what it says of a camera that isn't there is said here, in a line."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class OpenCvCamera:
    """A camera of this machine, or an address. A `Camera`.

    Args:
        address: a camera's number, the path of its device, or an RTSP or HTTP address.
        name: as messages call it.
        size: width and height that are asked for, px; it gives what it can.
        rate: frames/s that are asked for.
    """

    may_stand_still = False

    def __init__(self, address: int | str, *, name: str, size: tuple[int, int], rate: float) -> None:
        self.name = name
        self._address, self._size, self._rate = address, size, rate
        self._opened: cv2.VideoCapture | None = None

    def open(self) -> None:
        """See `Camera.open`."""
        self.close()
        hush()
        is_address = isinstance(self._address, str) and "://" in self._address
        opened = self._open_address() if is_address else self._open_device()
        if not opened.isOpened():
            opened.release()
            raise CameraLostError(f"{self.name}: {self._why()}")
        self._opened = opened

    def _open_address(self) -> cv2.VideoCapture:
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet
        if str(self._address).startswith("rtsp"):
            os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", _RTSP)
        timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
        settings = [number for key in timeouts for number in (key, _PATIENCE_MS)]
        return cv2.VideoCapture(str(self._address), cv2.CAP_FFMPEG, settings)

    def _open_device(self) -> cv2.VideoCapture:
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_PATIENCE_MS // 1000))
        backend = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        opened = cv2.VideoCapture(self._address, backend)
        if opened.isOpened():
            # MJPG first: uncompressed pictures of any size take more than USB 2 carries.
            opened.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            opened.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
            opened.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
            opened.set(cv2.CAP_PROP_FPS, self._rate)
            opened.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return opened

    def read(self) -> LiveFrame | None:
        """See `Camera.read`."""
        if self._opened is None:
            raise CameraLostError(f"{self.name}: not open")
        there, picture = self._opened.read()
        now = time.monotonic()
        if not there or picture is None or picture.size == 0:
            raise CameraLostError(f"{self.name}: gives no more pictures; was it unplugged, or switched off?")
        return LiveFrame(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8), now)

    def close(self) -> None:
        """See `Camera.close`."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.release()

    def _why(self) -> str:
        """Why it can't be opened, as far as that can be known."""
        address = self._address
        if isinstance(address, str) and "://" in address:
            return "no pictures come from that address; is it right, and can it be reached?"
        device = Path(address if isinstance(address, str) else f"/dev/video{address}")
        if sys.platform == "linux" and not device.exists():
            return "there is no such camera; `list_cameras` shows those that there are"
        if sys.platform == "linux" and not os.access(device, os.R_OK | os.W_OK):
            return f"no permission to use {device}; is this user in the group 'video'?"
        return "can't be opened; is another program using it?"
