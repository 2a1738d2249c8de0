"""Live pictures as a page: each visitor's camera, or this machine's, painted for each visitor.

    visitor's browser - newest frame -> a thread of the pool: decode, paint, encode --> the browser
    this machine's camera (a thread) - newest picture -^
                                     \\--> window, recording, virtual camera, where they are asked for

The networks are shared, and used in turns in the order in which they are asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video import option as options
from stylize_video.errors import DeviceError, StylizeVideoError, UsageError
from stylize_video.models import styles
from stylize_video.models.mixture import Mixture
from stylize_video.option import flag, flags
from stylize_video.pipeline.jobs import live
from stylize_video.pipeline.jobs.live_request import LiveRequest
from stylize_video.pipeline.live.capture import Capture
from stylize_video.pipeline.live.governor import Governor
from stylize_video.pipeline.live.painters import LivePainters
from stylize_video.pipeline.live.rungs import working_size
from stylize_video.pipeline.live.session import LiveSession
from stylize_video.process import signals

if TYPE_CHECKING:
    from stylize_video.pipeline.live.status import LiveStatus
    from stylize_video.pipeline.sources.camera import Camera, LiveFrame
    from stylize_video.pipeline.web.painting import Shot, Studio
    from stylize_video.pipeline.web.place import Place
    from stylize_video.pipeline.web.server import WebServer
    from stylize_video.pipeline.web.tally import WebStatus

_TURN = 0.1  # s that a picture is waited for, before the clock is looked at again
_EVERY = 1.0  # s from one status to the next
_SOON = 5  # rungs that are made ready for the first visitor
_USUAL = (1280, 720), (1280, 960)  # px of the cameras that most visitors have

OnStatus = Callable[["WebStatus | LiveStatus"], None]


@dataclass(frozen=True)
class Page:
    """What is asked for of the page."""

    place: Place
    most: int  # visitors at the same time
    shares_camera: bool = False  # whether they may see this machine's, too


@dataclass(frozen=True)
class Served:
    """What a live page did."""

    painted: int  # frames, for visitors
    dropped: int  # that a newer one replaced before they were painted
    seconds: float
    recordings: tuple[Path, ...] = ()


def serve(
    request: LiveRequest, page: Page, *, on_ready: Callable[[str], None], on_status: OnStatus | None = None
) -> Served:
    """Serve until the time is over, the film ends that is the camera, or somebody has enough.

    Args:
        request: how it is painted, for how long, and where else pictures go.
        page: the page.
        on_ready: called with the page's address when it can be opened.
        on_status: called about once a second; where pictures go elsewhere as well, with their status, too.

    Raises:
        UsageError: an option that would do nothing.
        DeviceError: aiohttp isn't installed.
        StylizeVideoError: no camera, no style, a port in use, a certificate that can't be read.
        KeyboardInterrupt: Ctrl-C.
    """
    request.check()
    _refuse_what_does_nothing(request, page)
    try:
        from stylize_video.pipeline.web.gallery import Gallery
        from stylize_video.pipeline.web.server import WebServer
    except ImportError as error:
        raise DeviceError("the page needs aiohttp; pip install 'stylize-video[web]'") from error
    camera = _SharedCamera(live.open_camera(request)) if page.shares_camera or request.elsewhere else None
    with ExitStack() as opened:
        painters = LivePainters(request.live.device)
        opened.callback(painters.close)
        gallery = Gallery.of(_offered(request), request.settings)
        _make_ready(painters, request, gallery.mixtures)
        studio = _studio(painters, request, camera if page.shares_camera else None)
        signals.begin_work()
        server = opened.enter_context(WebServer(page.place, studio, gallery, most=page.most))
        on_ready(server.address)
        recordings = _until_the_end(request, camera, painters, server, on_status)
        told = server.status
        return Served(told.painted, told.dropped, told.time, recordings)


def _refuse_what_does_nothing(request: LiveRequest, page: Page) -> None:
    if request.elsewhere:
        return
    if not page.shares_camera and (given := options.changed(request.camera)):
        raise UsageError(
            f"{flags(given)} of no use to a page alone, whose visitors have cameras of their own; "
            f"add {flag('share_camera')}"
        )
    if given := [name for name in options.changed(request.settings) if name in ("beside", "mirror")]:
        raise UsageError(f"{flags(given)} of no use to a page alone; its visitors choose that themselves")


def _offered(request: LiveRequest) -> list[styles.Style]:
    """The bundled styles that can be painted at every rung."""
    known = [styles.available(quality) for quality in {rung.quality for rung in request.ladder}]
    return [style for name, style in known[0].items() if all(name in others for others in known)]


def _make_ready(painters: LivePainters, request: LiveRequest, gallery: Sequence[Mixture]) -> None:
    """What the first visitor needs, at once; what may be wished for next, in the background.

    Raises:
        StylizeVideoError: the style can't be painted.
    """
    seed, near = request.settings.seed, Governor(request.ladder, fps=request.live.fps).near
    painters.load(request.settings.style, near[0].quality, seed=seed)
    for size in _USUAL:
        wanted = [(rung.quality, working_size(size, rung.size)) for rung in near[:_SOON]]
        painters.prepare(request.settings.style, wanted, seed=seed)
    for quality in dict.fromkeys(rung.quality for rung in near[:_SOON]):
        for style in gallery:
            with suppress(StylizeVideoError):  # told to who asks for it
                painters.ask(style, quality, seed=seed)


def _studio(painters: LivePainters, request: LiveRequest, camera: _SharedCamera | None) -> Studio:
    """A session and a governor for each visitor, on painters that all share."""
    from stylize_video.pipeline.web.painting import Studio

    def governor() -> Governor:
        return Governor(request.ladder, fps=request.live.fps)

    def session() -> LiveSession:
        # The page mirrors, and shows the original beside, by itself.
        settings = replace(request.starting_at(governor().rung), beside=False, mirror=False)
        return LiveSession(painters, settings)

    return Studio(session, governor, camera)


def _until_the_end(
    request: LiveRequest,
    camera: _SharedCamera | None,
    painters: LivePainters,
    server: WebServer,
    on_status: OnStatus | None,
) -> tuple[Path, ...]:
    """Tell how it goes until it is over; the recordings that were made."""
    if camera is None or not request.elsewhere:
        _wait(request, camera, server, on_status)
        return ()

    def tell(status: LiveStatus) -> None:
        if on_status is not None:
            on_status(status)
            on_status(server.status)

    silent = replace(request, live=replace(request.live, window=bool(request.live.window)))
    return live.paint(silent, camera=camera.make, painters=painters, on_status=tell).recordings


def _wait(
    request: LiveRequest, camera: _SharedCamera | None, server: WebServer, on_status: OnStatus | None
) -> None:
    began = told = time.monotonic()
    limit = request.live.seconds
    with ExitStack() as opened:
        capture = None
        if camera is not None:
            capture = opened.enter_context(Capture(camera.make, reconnect=request.camera.reconnect))
        while (limit is None or time.monotonic() - began < limit) and not (capture and capture.ended):
            if capture is None:
                time.sleep(_TURN)
            else:
                capture.take(_TURN)
            if on_status is not None and time.monotonic() - told >= _EVERY:
                told += _EVERY
                on_status(server.status)


class _SharedCamera:
    """This machine's camera, whose newest picture visitors may see. The `Camera` of `pipeline.web.painting`.

    Args:
        make: makes the camera.
    """

    def __init__(self, make: Callable[[], Camera]) -> None:
        self._make = make
        self._newest: Shot | None = None
        self._number = 0

    def make(self) -> Camera:
        """A camera whose pictures are seen here as well."""
        return _Watched(self._make(), self)

    def newest(self) -> Shot | None:
        """See `pipeline.web.painting.Camera`."""
        return self._newest

    def came(self, frame: LiveFrame) -> None:
        """The next picture."""
        from stylize_video.pipeline.web.painting import Shot

        self._number += 1
        self._newest = Shot(frame.picture, self._number, frame.time)


class _Watched:
    """A camera as it is, whose pictures somebody else sees as well."""

    def __init__(self, camera: Camera, shared: _SharedCamera) -> None:
        self._camera, self._shared = camera, shared
        self.open, self.close = camera.open, camera.close

    @property
    def name(self) -> str:
        """See `Camera`."""
        return self._camera.name

    @property
    def may_stand_still(self) -> bool:
        """See `Camera`."""
        return self._camera.may_stand_still

    def read(self) -> LiveFrame | None:
        """See `Camera.read`."""
        frame = self._camera.read()
        if frame is not None:
            self._shared.came(frame)
        return frame
