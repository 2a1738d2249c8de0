"""What stands on the screen: the newest picture, how it goes, what a key did, and the list of keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stylize_video.pipeline.live.controls import Controls
from stylize_video.pipeline.live.outputs.window import Window
from stylize_video.pipeline.live.status import LiveStatus

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_SAID = 2.0  # s that it is shown what a key did


class Screen:
    """A window, and the keys pressed in it.

    Args:
        controls: that the keys are for.

    Raises:
        OutputError: there is no screen.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._window = Window()
        self._until = 0.0  # s, when what was said goes
        self._said = ""
        self.picture: Picture | None = None  # the newest

    def update(self, status: LiveStatus, *, fresh: bool) -> None:
        """Show what there is, and hear the keys.

        Args:
            status: how it goes.
            fresh: whether there is a new picture; else only what is written on it may have changed.
        """
        now = time.monotonic()
        if self._controls.said:
            self._said, self._until, self._controls.said = self._controls.said, now + _SAID, ""
        elif now > self._until:
            self._said = ""
        if self.picture is not None and (fresh or self._said or status.trouble):
            self._window.show(self.picture, self._overlay(status), help_lines=self._help())
        for key in self._window.poll():
            self._controls.press(key)

    def close(self) -> None:
        """Close the window. Safe to call again."""
        self._window.close()

    def _overlay(self, status: LiveStatus) -> list[str]:
        recording = f"REC {status.recorded}   " if self._controls.recording else ""
        return [f"{recording}{status}", *([self._said] if self._said else [])]

    def _help(self) -> list[str]:
        if not self._controls.help:
            return []
        return [f"{' '.join(key.names)}\t{key.does}" for key in self._controls.keys]
