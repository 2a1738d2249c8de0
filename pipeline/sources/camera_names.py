"""Which cameras there are, and which of them is meant by what somebody typed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import cv2

from stylize_video.errors import InputError
from stylize_video.files import paths
from stylize_video.pipeline.sources.camera import hush

_SYSTEM = Path("/sys/class/video4linux")  # where Linux tells of its cameras
_FIRST_NODE = "0"  # of a camera's; the others give no pictures, but what is known of them
_TRIED = 6  # numbers, where the system tells nothing


class FoundCamera(NamedTuple):
    """A camera that this machine has."""

    number: int
    name: str
    device: str  # its path; empty where there is none

    def __str__(self) -> str:
        return f"{self.number}: {self.name}" + (f" ({self.device})" if self.device else "")


def found(system: Path = _SYSTEM) -> list[FoundCamera]:
    """The cameras of this machine, by their numbers.

    On Linux by what the system says, without opening any; elsewhere OpenCV knows no names, and the first few
    numbers are tried.
    """
    if sys.platform == "linux":
        nodes = (_node(folder) for folder in system.glob("video*"))
        return sorted(node for node in nodes if node is not None)
    return [FoundCamera(number, "camera", "") for number in range(_TRIED) if _opens(number)]


def _node(folder: Path) -> FoundCamera | None:
    try:
        number = int(folder.name.removeprefix("video"))
        if (folder / "index").read_text("ascii").strip() != _FIRST_NODE:
            return None
        name = (folder / "name").read_text("utf-8", "replace").strip()
    except (OSError, ValueError):
        return None
    return FoundCamera(number, name, f"/dev/video{number}")


def _opens(number: int) -> bool:
    hush()
    opened = cv2.VideoCapture(number)
    try:
        return opened.isOpened()
    finally:
        opened.release()


class Meant(NamedTuple):
    """What somebody means by a camera: exactly one of the two."""

    address: int | str | None  # for `OpenCvCamera`
    film: Path | None
    name: str


def meant_by(text: str, system: Path = _SYSTEM) -> Meant:
    """What is meant by a number, a name or a part of one, a device, an address, or a film.

    Raises:
        InputError: there is no such camera, or several are called so.
    """
    if text.isdecimal():
        return Meant(int(text), None, f"camera {text}")
    if "://" in text:
        return Meant(text, None, _without_password(text))
    path = Path(text)
    if paths.is_file(path):
        return Meant(None, path, str(path))
    if text.startswith("/dev/"):
        return Meant(text, None, text)
    if path.suffix and path.parent != Path():
        raise InputError(f"{text}: no such film or device")
    return _named(text, found(system))


def _without_password(address: str) -> str:
    """`rtsp://user:secret@host/` -> `rtsp://host/`: messages are copied into mails."""
    scheme, _, rest = address.partition("://")
    host, slash, place = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{place}"


def _named(text: str, cameras: list[FoundCamera]) -> Meant:
    exact = [camera for camera in cameras if camera.name.lower() == text.lower()]
    fitting = exact or [camera for camera in cameras if text.lower() in camera.name.lower()]
    there = "; ".join(map(str, cameras)) or "none"
    if not fitting:
        raise InputError(f"no camera or film called {text!r}; the cameras here: {there}")
    if len(fitting) > 1:
        raise InputError(f"several cameras are called {text!r}: {there}; give the number of one")
    (camera,) = fitting
    return Meant(camera.device or camera.number, None, camera.name)
