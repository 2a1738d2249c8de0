"""The live job: a camera's newest picture, painted and shown, again and again.

    camera (a thread) -- newest wins --> paint --> window, recording (a thread), virtual camera
                                         |
                                 governor: size and quality of the next

Painting is done in the caller's thread, one picture after the other, so that none lies anywhere but the one
that is painted; a recording alone may hold a few.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video.models import styles
from stylize_video.models.mixture import Mixture, NamedStyle
from stylize_video.pictures.pictures import write_picture
from stylize_video.pipeline.jobs.live_request import LiveRequest
from stylize_video.pipeline.live.capture import Capture
from stylize_video.pipeline.live.controls import Controls
from stylize_video.pipeline.live.governor import Governor
from stylize_video.pipeline.live.outputs.screen import Screen
from stylize_video.pipeline.live.painters import LivePainters
from stylize_video.pipeline.live.session import LiveSession, Shown
from stylize_video.pipeline.live.status import LiveStatus, Recent
from stylize_video.pipeline.sources import camera_names
from stylize_video.pipeline.sources.camera import Camera, LiveFrame, OpenCvCamera
from stylize_video.process import signals

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture
    from stylize_video.pipeline.live.outputs.recording import Recording
    from stylize_video.pipeline.live.outputs.virtual_camera import VirtualCamera

_TURN = 0.1  # s that a picture is waited for, before keys and clocks are looked at again
_EVERY = 1.0  # s from one status to the next

OnStatus = Callable[[LiveStatus], None]
OnPicture = Callable[["Picture", float], None]


@dataclass(frozen=True)
class LivePainted:
    """What a live job did."""

    painted: int  # pictures
    dropped: int  # of the camera's, that were never painted
    seconds: float
    recordings: tuple[Path, ...]


class LiveInterrupted(KeyboardInterrupt):
    """Ctrl-C. Recordings are whole; `partial` is the last of them, or None, and `frames` is what it holds."""

    def __init__(self, partial: Path | None, frames: int) -> None:
        super().__init__()
        self.partial, self.frames = partial, frames


def open_camera(request: LiveRequest) -> Callable[[], Camera]:
    """What makes the camera that is asked for.

    Raises:
        InputError: there is no such camera or film.
    """
    asked = request.camera
    meant = camera_names.meant_by(asked.camera)
    film, address = meant.film, meant.address
    if film is not None:
        from stylize_video.pipeline.sources.paced_film import PacedFilm  # brings PyAV

        return lambda: PacedFilm(film, max_size=request.live.max_size)
    assert address is not None
    size = (asked.camera_width, asked.camera_height)
    return lambda: OpenCvCamera(address, name=meant.name, size=size, rate=max(30.0, request.live.fps))


def paint(
    request: LiveRequest,
    *,
    camera: Callable[[], Camera] | None = None,
    painters: LivePainters | None = None,
    on_status: OnStatus | None = None,
    on_picture: OnPicture | None = None,
) -> LivePainted:
    """Paint live until the film ends, the time is over, or somebody has enough.

    Args:
        request: what, and how.
        camera: makes the camera; by default the one that is asked for.
        painters: shared with others, who close them; by default its own.
        on_status: called about once a second.
        on_picture: called with each painted picture, and when it was taken (s, `time.monotonic`).

    Raises:
        StylizeVideoError: no camera, no style, or an output that can't be written.
        LiveInterrupted: Ctrl-C.
    """
    request.check()
    make = camera or open_camera(request)
    with ExitStack() as opened:
        capture = opened.enter_context(Capture(make, reconnect=request.camera.reconnect))
        if painters is None:
            painters = LivePainters(request.live.device)
            opened.callback(painters.close)
        job = _Job(request, capture, painters, on_status, on_picture)
        opened.callback(job.close)
        signals.begin_work()
        try:
            job.run()
        except KeyboardInterrupt:
            last = job.recording
            job.close()
            raise LiveInterrupted(*((last.path, last.frames) if last else (None, 0))) from None
        job.close()
        return job.painted


class _Job:
    """A live picture that is running."""

    def __init__(
        self,
        request: LiveRequest,
        capture: Capture,
        painters: LivePainters,
        on_status: OnStatus | None,
        on_picture: OnPicture | None,
    ) -> None:
        self._request, self._capture = request, capture
        self._on_status, self._on_picture = on_status, on_picture
        self._governor = Governor(request.ladder, fps=request.live.fps)
        self._session = LiveSession(painters, request.starting_at(self._governor.rung))
        self._controls = Controls(self._session, _styles(), recording=request.live.record is not None)
        self._began = self._told = time.monotonic()
        self._ready = self._began  # when frames could be painted: from then on its time is counted
        self._recent = Recent()
        self._count = 0
        self._shown: Shown | None = None
        self._prepared: object = None  # what the rungs around were made ready for
        self._screen = None if request.live.window is False else Screen(self._controls)
        self._virtual: VirtualCamera | None = None
        self.recording: Recording | None = None
        self._recorded: list[Path] = []

    @property
    def painted(self) -> LivePainted:
        """What was done so far."""
        return LivePainted(
            self._count,
            self._capture.dropped,
            time.monotonic() - self._began,
            tuple(self._recorded),
        )

    def run(self) -> None:
        """Until it is over."""
        asked = self._request.camera
        self._session.preload((asked.camera_width, asked.camera_height))  # while the camera is opened
        self._ready = time.monotonic()
        while not self._is_over():
            frame = self._capture.take(_TURN)
            if frame is not None:
                self._paint(frame)
            if self._screen is not None:
                self._screen.update(self._status(time.monotonic()), fresh=frame is not None)
            self._tell()

    def close(self) -> None:
        """End the outputs, a recording as a whole film. Safe to call again."""
        for output in (self._screen, self._virtual):
            if output is not None:
                output.close()
        self._record(wanted=False)

    def _is_over(self) -> bool:
        limit = self._request.live.seconds
        late = limit is not None and time.monotonic() - self._ready >= limit
        return late or self._controls.over or self._capture.ended

    def _paint(self, frame: LiveFrame) -> None:
        """Paint a picture and show it."""
        began = time.perf_counter()
        across = _shown_size(frame.picture, self._request.live.max_size)
        self._shown = self._session.paint(frame.picture, frame.time, size=across)
        self._show(self._shown.picture, frame.time, across)
        now = time.monotonic()
        self._recent.add(now, now - frame.time)
        self._count += 1
        self._govern(self._shown, time.perf_counter() - began, now, frame.picture)

    def _show(self, picture: Picture, taken: float, across: tuple[int, int]) -> None:
        if self._screen is not None:
            self._screen.picture = picture
        if self._controls.snapshot:
            self._keep(picture)
        if self._request.live.virtual_camera:
            self._feed_virtual_camera(picture, taken, across)
        self._record(wanted=self._controls.recording, across=across)
        if self.recording is not None:
            self.recording.show(picture, taken)
        if self._on_picture is not None:
            self._on_picture(picture, taken)

    def _feed_virtual_camera(self, picture: Picture, taken: float, across: tuple[int, int]) -> None:
        if self._virtual is None:
            from stylize_video.pipeline.live.outputs.virtual_camera import VirtualCamera

            self._virtual = VirtualCamera(across, rate=self._request.live.fps)
        self._virtual.show(picture, taken)

    def _keep(self, picture: Picture) -> None:
        """Keep a picture as a file."""
        self._controls.snapshot = False
        path = _dated("png")
        write_picture(path, picture)
        self._controls.say(f"kept as {path}")

    def _govern(self, shown: Shown, seconds: float, now: float, picture: Picture) -> None:
        """Choose the next size and quality, and have those that may follow made ready."""
        across = picture.shape[1], picture.shape[0]
        rung = self._governor.painted(
            shown.rung, seconds, now, ready=lambda rung: self._session.is_ready(across, rung)
        )
        if rung != self._session.settings.rung:
            self._session.settings = replace(self._session.settings, rung=rung)
        wanted = (rung, shown.style, across)
        if wanted != self._prepared:
            self._prepared = wanted
            self._session.prepare(across, self._governor.near)

    def _record(self, *, wanted: bool, across: tuple[int, int] = (0, 0)) -> None:
        """Begin or end a recording."""
        if wanted and self.recording is None:
            from stylize_video.pipeline.live.outputs.recording import Recording  # brings PyAV

            path = self._request.live.record
            first = path is not None and path not in self._recorded
            path = path if path is not None and first else _dated("mp4")
            overwrite = self._request.live.overwrite
            self.recording = Recording(path, across, rate=self._request.live.fps, overwrite=overwrite)
        elif not wanted and self.recording is not None:
            ended, self.recording = self.recording, None
            ended.close()
            if ended.frames:
                self._recorded.append(ended.path)

    def _tell(self) -> None:
        now = time.monotonic()
        if self._on_status is not None and now - self._told >= _EVERY:
            self._told += _EVERY
            self._on_status(self._status(now))

    def _status(self, now: float) -> LiveStatus:
        shown = self._shown
        return LiveStatus(
            time=round(now - self._began, 2),
            camera=self._capture.state,
            painted=self._count,
            painted_fps=round(self._recent.rate(now), 1),
            camera_fps=round(self._capture.rate, 1),
            dropped=self._capture.dropped,
            delay_ms=self._recent.delay_ms(0.5),
            delay_p95_ms=self._recent.delay_ms(0.95),
            size=None if shown is None else shown.size,
            quality=self._governor.rung.quality if shown is None else shown.rung.quality,
            style=str(self._session.settings.style) if shown is None else shown.style,
            recorded=0 if self.recording is None else self.recording.frames,
            trouble=self._capture.trouble or self._session.problem,
        )


def _styles() -> list[Mixture]:
    """Those to be gone through by keys: all that are bundled."""
    return [Mixture.only(NamedStyle(name)) for name in styles.available()]


def _shown_size(picture: Picture, largest: int) -> tuple[int, int]:
    """Width and height that a picture is shown in: its own, if that isn't too large; even, for encoders."""
    height, width = picture.shape[:2]
    scale = min(1.0, largest / max(height, width))
    across, down = (max(2, round(side * scale / 2) * 2) for side in (width, height))
    return across, down


def _dated(suffix: str) -> Path:
    """A file in the present folder that is called after the present second."""
    return Path(f"stylize-video_{datetime.now():%Y-%m-%d_%H-%M-%S}.{suffix}")
