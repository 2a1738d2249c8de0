"""A window on the screen, by OpenCV: pictures, a small overlay, and the keys that are pressed in it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from stylize_video.errors import OutputError

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_TITLE = "stylize-video"
_X11_PORT = 6000  # of display 0, over the network
_FONT, _THICKNESS = cv2.FONT_HERSHEY_SIMPLEX, 1
_LINE = 0.045  # of the picture's height, from one line of text to the next
_SMALLEST_LINE = 14  # px
_COLUMN = 5  # lines wide
_KEYS = {  # codes of keys without a character, of Qt, GTK, Windows and macOS
    27: "Escape",
    **dict.fromkeys((65361, 2424832, 63234), "Left"),
    **dict.fromkeys((65362, 2490368, 63232), "Up"),
    **dict.fromkeys((65363, 2555904, 63235), "Right"),
    **dict.fromkeys((65364, 2621440, 63233), "Down"),
}


class Window:
    """Shows pictures. To be used by the main thread alone.

    Raises:
        OutputError: there is no screen, or OpenCV has no windows here.
    """

    def __init__(self) -> None:
        _check_screen()
        # Qt tells of fonts that it doesn't find, and of settings that nobody made.
        os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;*.info=false;*.warning=false")
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise OutputError(f"no window: this OpenCV has none ({_first_line(error)}); {_ADVICE}") from error
        self._open = True
        self._size: tuple[int, int] | None = None

    def show(self, picture: Picture, overlay: Sequence[str] = (), *, help_lines: Sequence[str] = ()) -> None:
        """Show a picture, with lines of text at the bottom, and further ones above all of it."""
        if not self._open:
            return
        size = picture.shape[1], picture.shape[0]
        if size != self._size:  # at first, and when the original stands beside it
            cv2.resizeWindow(_TITLE, *size)
            self._size = size
        shown = np.ascontiguousarray(picture[..., ::-1])
        _write(shown, overlay, at_top=False)
        _write(shown, help_lines, at_top=True)
        cv2.imshow(_TITLE, shown)

    def poll(self) -> list[str]:
        """The keys that were pressed since: characters, or names; "q" if the window was closed."""
        pressed = []
        while self._open and (code := cv2.waitKeyEx(1)) >= 0:
            pressed.append(_name(code))
        with suppress(cv2.error):  # it is gone
            if self._open and self._size and cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1:
                pressed.append("q")
        return pressed

    def close(self) -> None:
        """Close it. Safe to call again."""
        if self._open:
            self._open = False
            with suppress(cv2.error):
                cv2.destroyWindow(_TITLE)
            cv2.waitKey(1)  # only then is it gone


_ADVICE = "give `no_window`, and `record` or `virtual_camera` instead"


def _check_screen() -> None:
    """Refuse where Qt would end the process, without a word that helps."""
    if sys.platform != "linux":
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise OutputError(f"no window: there is no screen here (DISPLAY is not set); {_ADVICE}")
    if not _answers(display):
        raise OutputError(f"no window: no screen answers at DISPLAY {display}; {_ADVICE}")


def _answers(display: str) -> bool:
    """Whether an X server listens there: `:0`, `:99.0`, `host:10.0`."""
    host, colon, number = display.rpartition(":")
    digits = number.partition(".")[0]
    if not colon or not digits.isdecimal():
        return False
    try:
        if host not in ("", "unix"):
            with socket.create_connection((host, _X11_PORT + int(digits)), timeout=2):
                return True
        path = Path(f"/tmp/.X11-unix/X{digits}")
        return any(_listens(address) for address in (f"\0{path}", str(path)))
    except OSError:
        return False


def _listens(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        return asking.connect_ex(address) == 0


def _name(code: int) -> str:
    if code in _KEYS:
        return _KEYS[code]
    return chr(code & 0xFF).lower() if 32 <= code & 0xFF < 127 else ""


def _write(picture: Picture, lines: Sequence[str], *, at_top: bool) -> None:
    """Text on a darkened ground, in place; what follows a tab stands in a second column."""
    if not lines:
        return
    line = max(_SMALLEST_LINE, round(picture.shape[0] * _LINE))
    scale = cv2.getFontScaleFromHeight(_FONT, round(line * 0.55), _THICKNESS)
    high = line * len(lines) + line // 2
    wide = line + max(_width(text, scale, line) for text in lines)
    top = 0 if at_top else max(0, picture.shape[0] - high)
    picture[top : top + high, :wide] //= 3
    for number, text in enumerate(lines):
        for column, part in enumerate(text.split("\t")):
            place = (line // 2 + column * _COLUMN * line, top + line * (number + 1) - line // 8)
            cv2.putText(picture, part, place, _FONT, scale, (255, 255, 255), _THICKNESS, cv2.LINE_AA)


def _width(text: str, scale: float, line: int) -> int:
    """Of a line of text, px."""
    *before, last = text.split("\t")
    return len(before) * _COLUMN * line + cv2.getTextSize(last, _FONT, scale, _THICKNESS)[0][0]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1] if str(error).strip() else "no reason given"
