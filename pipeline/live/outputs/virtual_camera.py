"""A virtual camera, for Zoom, Meet, OBS and whatever else takes a camera: by pyvirtualcam, an extra."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from stylize_video.errors import OutputError
from stylize_video.pipeline.live.outputs.output import fitted

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_INSTALL = "pip install 'stylize-video[virtual-camera]'"
_DRIVERS = {
    "linux": "install its driver: sudo apt install v4l2loopback-dkms && sudo modprobe v4l2loopback "
    "exclusive_caps=1 card_label=stylize-video",
    "darwin": "install OBS (brew install obs), and start and stop its virtual camera once",
    "win32": "install OBS (winget install OBSProject.OBSStudio), whose virtual camera is used",
}


class VirtualCamera:
    """A camera that gives painted pictures. A `LiveOutput`.

    Args:
        size: width and height that it gives, px, even; other pictures are brought to it.
        rate: pictures/s that programs are told.

    Attributes:
        device: what programs find it as.

    Raises:
        OutputError: the package or the driver is missing, with the command that installs it.
    """

    def __init__(self, size: tuple[int, int], *, rate: float) -> None:
        try:
            package: Any = importlib.import_module("pyvirtualcam")
        except ImportError as error:
            raise OutputError(f"no virtual camera: its package is missing; {_INSTALL}") from error
        self._size = size
        try:
            self._camera: Any = package.Camera(
                width=size[0], height=size[1], fps=rate, fmt=package.PixelFormat.RGB
            )
        except (RuntimeError, OSError) as error:
            raise OutputError(f"no virtual camera ({_why(error)}); {driver()}") from error
        self.device = str(self._camera.device)

    def show(self, picture: Picture, time: float) -> None:  # noqa: ARG002 - whoever looks sees it now
        """See `LiveOutput.show`.

        Raises:
            OutputError: the driver takes no more.
        """
        try:
            self._camera.send(np.ascontiguousarray(fitted(picture, self._size)))
        except (RuntimeError, OSError) as error:
            raise OutputError(f"the virtual camera {self.device} takes no more pictures: {error}") from error

    def close(self) -> None:
        """See `LiveOutput.close`."""
        self._camera.close()


def driver(platform: str = sys.platform) -> str:
    """How to install what a virtual camera needs."""
    return _DRIVERS.get(platform, "there is none for this system")


def _why(error: Exception) -> str:
    """What is wrong, in a line."""
    return " ".join(str(error).split()).rstrip(".") or "no reason given"
