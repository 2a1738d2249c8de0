"""What a live job is asked for: a camera, how it is painted, and where the pictures go. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from stylize_video import option as options
from stylize_video.models.styles import DRAFT, QUALITIES
from stylize_video.option import Declared, Notation, option, same
from stylize_video.pipeline.jobs.options import RunOptions, SourceOptions
from stylize_video.pipeline.live import rungs
from stylize_video.pipeline.live.rungs import Rung
from stylize_video.pipeline.live.settings import LiveSettings, check_style

_SPEED = "Speed and delay"
_OUTPUT = "Where the pictures go"


@dataclass(frozen=True)
class CameraOptions:
    """Where live pictures come from. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    camera: str = option(
        "0",
        help="The camera: its number, its name or a part of it, its device, an RTSP or HTTP address, or a "
        "film, which is played at its own pace.",
        panel="Camera",
        metavar="CAMERA",
        notation=Notation(str, str),  # so that a film's path may be given, too
    )
    reconnect: bool = option(
        False, help="Wait for a camera that is not there, or not any more.", panel="Camera"
    )
    camera_width: int = option(
        1280,
        help="The width that the camera is asked for; it gives what it can.",
        panel="Camera",
        least=16,
        unit="px",
    )
    camera_height: int = option(
        720, help="The height that the camera is asked for.", panel="Camera", least=16, unit="px"
    )

    def __post_init__(self) -> None:
        options.check(self)


@dataclass(frozen=True)
class LiveOptions:
    """How fast live pictures are painted, and where they go. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    fps: float = option(
        24.0,
        help="Frames a second that are promised: size and quality go down and up until painting is fast "
        "enough.",
        panel=_SPEED,
        least=1,
        most=240,
    )
    quality: str = option(
        rungs.AUTO,
        help="The networks: draft ones are faster, full ones paint better. With auto, the time decides.",
        panel=_SPEED,
        choices=(rungs.AUTO, *QUALITIES),
    )
    size: int | None = option(
        None,
        help="The longer side of what is painted, whatever that takes.",
        panel=_SPEED,
        least=64,
        unit="px",
        usual="as large as the time allows",
    )
    max_size: int = option(
        1280, help="The longer side of what is painted and shown at most.", panel=_SPEED, least=64, unit="px"
    )
    device: str = same(RunOptions, "device", panel=_SPEED)
    window: bool | None = option(
        None,
        help="Show the pictures in a window; h lists its keys.",
        panel=_OUTPUT,
        off=True,
        usual="yes, unless there is a page",
    )
    record: Path | None = option(
        None, help="Record what is shown into a film, with true times.", panel=_OUTPUT, metavar="FILE"
    )
    overwrite: bool = option(
        False, help="Replace an existing recording, once the new one is whole.", panel=_OUTPUT
    )
    virtual_camera: bool = option(False, help="Be a camera for Zoom, Meet, OBS and others.", panel=_OUTPUT)
    seconds: Fraction | None = same(
        SourceOptions,
        "duration",
        help="End by itself after that time: seconds or HH:MM:SS.",
        panel=_OUTPUT,
    )

    def __post_init__(self) -> None:
        options.check(self)


GROUPS: tuple[type[Any], ...] = (CameraOptions, LiveSettings, LiveOptions)


def declared() -> Iterator[Declared]:
    """All options of a live job."""
    for group in GROUPS:
        yield from options.declared(group)


@dataclass(frozen=True)
class LiveRequest:
    """A live job, and how it is done."""

    camera: CameraOptions = field(default_factory=CameraOptions)
    settings: LiveSettings = field(default_factory=LiveSettings)
    live: LiveOptions = field(default_factory=LiveOptions)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """A request by the options' names, each as it would be typed, or the value itself.

        Raises:
            UsageError: a value that an option can't have.
        """
        made = [
            group(
                **{
                    known.field.name: known.read(values[known.name])
                    for known in options.declared(group)
                    if known.name in values
                }
            )
            for group in GROUPS
        ]
        return cls(*made)

    @property
    def elsewhere(self) -> bool:
        """Whether pictures are asked for anywhere but on a page."""
        return bool(self.live.window) or self.live.record is not None or self.live.virtual_camera

    @property
    def ladder(self) -> list[Rung]:
        """The sizes and qualities that are chosen from; a single one where that is asked for."""
        if self.live.size is None:
            return rungs.ladder(self.live.quality, largest=self.live.max_size)
        quality = DRAFT if self.live.quality == rungs.AUTO else self.live.quality
        return [Rung(min(self.live.size, self.live.max_size), quality)]

    def starting_at(self, rung: Rung) -> LiveSettings:
        """The settings of the first picture."""
        return replace(self.settings, rung=rung)

    def check(self) -> None:
        """See whether its style can be painted, without loading it.

        Raises:
            UsageError: it can't, or there is none of that name.
        """
        for quality in dict.fromkeys(rung.quality for rung in self.ladder):
            check_style(self.settings.style, quality)
