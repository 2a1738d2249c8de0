"""What the server asks of whoever paints, and of the server's own camera. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from stylize_video.pipeline.live.governor import Governor
from stylize_video.pipeline.live.rungs import Rung
from stylize_video.pipeline.live.settings import LiveSettings

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB
    from stylize_video.pipeline.live.session import Shown


class Session(Protocol):
    """Paints for one visitor; see `pipeline.live.session.LiveSession`."""

    settings: LiveSettings
    problem: str

    def paint(self, picture: Picture, time: float, *, source: tuple[int, int] | None = None) -> Shown:
        """Paint the next frame; one at a time, in any thread."""
        ...

    def prepare(self, across: tuple[int, int], rungs: Sequence[Rung]) -> None:
        """Have rungs made ready in the background."""
        ...

    def is_ready(self, across: tuple[int, int], rung: Rung) -> bool:
        """Whether one is."""
        ...


class Shot(NamedTuple):
    """A frame of the server's camera."""

    picture: Picture
    number: int  # counts up; another frame has another number
    time: float  # when it was taken, s of time.monotonic


class Camera(Protocol):
    """The server's own camera."""

    def newest(self) -> Shot | None:
        """The frame that came last; None before the first. Called in any thread; doesn't wait."""
        ...


@dataclass(frozen=True)
class Studio:
    """What paints for the visitors."""

    session: Callable[[], Session]  # a new one
    governor: Callable[[], Governor]  # that of a session
    camera: Camera | None = None  # the server's own
