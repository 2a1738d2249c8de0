"""What a viewer may do to a live picture: one table of keys, which the help on the screen is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from stylize_video.models.mixture import Mixture
from stylize_video.pipeline.live.session import LiveSession
from stylize_video.pipeline.live.settings import LiveSettings

_STEP = 0.1  # of the strength, a press


class Key(NamedTuple):
    """A key, and what it does."""

    names: tuple[str, ...]  # a character, or the name of a key without one; the first is shown
    does: str
    action: Callable[[], str]  # gives what is said on the screen


class Controls:
    """Changes a session's settings as a viewer wishes.

    Args:
        session: whose settings.
        styles: to be gone through, in their order.

    Attributes:
        over: whether the viewer has enough.
        recording: whether pictures are to be recorded.
        snapshot: whether the next picture is to be kept; whoever keeps it clears it.
        help: whether the keys are listed on the screen.
    """

    def __init__(self, session: LiveSession, styles: Sequence[Mixture], *, recording: bool = False) -> None:
        self._session = session
        own = session.settings.style
        self._styles = list(styles) if own in styles else [own, *styles]
        self.over, self.recording, self.snapshot, self.help = False, recording, False, False
        self.keys = (
            Key(("n", "Right"), "next style", lambda: self._other_style(1)),
            Key(("p", "Left"), "previous style", lambda: self._other_style(-1)),
            Key(("+", "=", "Up"), "more of the painting", lambda: self._strengthen(_STEP)),
            Key(("-", "Down"), "less of the painting", lambda: self._strengthen(-_STEP)),
            Key(("o",), "original beside it", lambda: self._switch("beside", "original beside it")),
            Key(("c",), "keep colours", lambda: self._switch("preserve_color", "colours kept")),
            Key(("m",), "mirror", lambda: self._switch("mirror", "mirrored")),
            Key(("r",), "record", self._record),
            Key(("s",), "snapshot", self._keep),
            Key(("h", "?"), "show the keys", self._list),
            Key(("q", "Escape"), "quit", self._quit),
        )
        self.said = ""  # what the last key did; whoever shows it clears it
        self._actions = {name: key.action for key in self.keys for name in key.names}

    def press(self, name: str) -> None:
        """Do what a key does, if it does anything."""
        action = self._actions.get(name)
        if action is not None:
            self.say(action())

    def say(self, text: str) -> None:
        """Have something said on the screen; nothing: leave there what is."""
        self.said = text or self.said

    def _other_style(self, step: int) -> str:
        now = self._session.settings.style
        at = self._styles.index(now) if now in self._styles else 0
        style = self._styles[(at + step) % len(self._styles)]
        self._change(style=style)
        return str(style)

    def _strengthen(self, by: float) -> str:
        strength = round(min(1.0, max(0.0, self._session.settings.strength + by)), 2)
        self._change(strength=strength)
        return f"strength {strength:.1f}"

    def _switch(self, name: str, called: str) -> str:
        on = not getattr(self._session.settings, name)
        self._change(**{name: on})
        return called if on else f"not {called}"

    def _change(self, **values: object) -> None:
        settings: LiveSettings = replace(self._session.settings, **values)  # type: ignore[arg-type]
        self._session.settings = settings

    def _record(self) -> str:
        self.recording = not self.recording
        return "recording" if self.recording else "recording ended"

    def _keep(self) -> str:
        self.snapshot = True
        return ""

    def _list(self) -> str:
        self.help = not self.help
        return ""

    def _quit(self) -> str:
        self.over = True
        return ""
