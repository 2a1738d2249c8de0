"""`stylize-video live`: a camera, painted while one looks."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylize_video import option as options
from stylize_video.commands.console.command_line import console, reporting, share_the_cores, style_names
from stylize_video.commands.console.flags import spelled
from stylize_video.commands.options.generated import with_options
from stylize_video.commands.options.panels import PROGRAM
from stylize_video.commands.options.web import PANEL, WebOptions
from stylize_video.pipeline.jobs.live_request import LiveRequest, declared
from stylize_video.process import signals
from stylize_video.process.terminal import shown

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.live import LivePainted
    from stylize_video.pipeline.jobs.live_web import Served
    from stylize_video.pipeline.live.status import LiveStatus
    from stylize_video.pipeline.web.tally import WebStatus

PANELS = ("Camera", "Style", "Steadiness", "Speed and delay", "Where the pictures go", PANEL, PROGRAM)

_NO_CAMERAS = (
    "Browsers of other machines give a page without HTTPS no camera: give a `certificate` and its `key`, or "
    "let visitors see this machine's with `share_camera`."
)


def _flag(name: str, text: str, panel: str = PROGRAM) -> Any:
    return typer.Option(*name.split(), help=text, rich_help_panel=panel, show_default=False)


def _command(
    *,
    list_cameras: Annotated[
        bool, _flag("--list-cameras", "List the cameras of this machine, and end.", "Camera")
    ] = False,
    quiet: Annotated[bool, _flag("--quiet -q", "Print nothing but errors.")] = False,
    as_json: Annotated[
        bool, _flag("--json", "Print a JSON object a second on stdout, and one at the end.")
    ] = False,
    **values: Any,
) -> None:
    """Paint a camera's picture live: in a window, on a page, as a virtual camera, into a recording.

    Size and quality follow the time that painting takes, so that the picture never falls behind.
    """
    with reporting(as_json=as_json) as say:
        if list_cameras:
            _list_cameras(as_json=as_json)
            return
        page = WebOptions.of(values)
        request = LiveRequest.of(**values)
        request.check()
        share_the_cores()
        teller = _Teller(as_json=as_json, quiet=quiet)
        try:
            result = _serve(request, page, teller) if page.web else _paint(request, teller)
        finally:
            teller.end()
        signals.finish()
        if as_json:
            print(json.dumps(_as_json(result)))
        elif not quiet:
            say(_in_words(result))


def _paint(request: LiveRequest, teller: _Teller) -> LivePainted:
    from stylize_video.pipeline.jobs import live as job

    return job.paint(request, on_status=teller.tell)


def _serve(request: LiveRequest, page: WebOptions, teller: _Teller) -> Served:
    from stylize_video.pipeline.jobs import live_web as job
    from stylize_video.pipeline.web.place import Place

    place = Place.of(page.host, page.port, page.certificate, page.key)
    asked = job.Page(place, page.max_clients, shares_camera=page.share_camera)
    note = "" if place.has_cameras else _NO_CAMERAS
    return job.serve(request, asked, on_ready=lambda at: teller.ready(at, note), on_status=teller.tell)


def _list_cameras(*, as_json: bool) -> None:
    from stylize_video.pipeline.sources import camera_names

    cameras = camera_names.found()
    if as_json:
        print(json.dumps([camera._asdict() for camera in cameras]))
        return
    for camera in cameras:
        console().print(str(camera))
    if not cameras:
        print("no camera is connected, or none that this user may see", file=sys.stderr)


class _Teller:
    """Says how it goes: a line of JSON each time, or one line of a terminal that is written over."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._as_json, self._quiet = as_json, quiet
        self._on = sys.stderr.isatty() and not quiet and not as_json
        self._drawn = False

    def ready(self, address: str, note: str) -> None:
        """The page can be opened: its address is what was asked for, so it is told however quiet it is."""
        if self._as_json:
            print(json.dumps({"address": address, "note": spelled(note)}), flush=True)
        else:
            print(shown(address), flush=True)
            if note and not self._quiet:
                print(shown(spelled(note)), file=sys.stderr, flush=True)

    def tell(self, status: LiveStatus | WebStatus) -> None:
        """The next status."""
        if self._as_json:
            print(json.dumps(status.as_json()), flush=True)
        if self._on:
            self._drawn = True
            print(f"\r\x1b[2K{shown(str(status))}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """The line goes."""
        if self._drawn:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _as_json(result: LivePainted | Served) -> dict[str, Any]:
    return {
        "ended": True,
        "painted": result.painted,
        "dropped": result.dropped,
        "seconds": round(result.seconds, 2),
        "recordings": [str(path) for path in result.recordings],
    }


def _in_words(result: LivePainted | Served) -> str:
    frames = "1 frame" if result.painted == 1 else f"{result.painted} frames"
    recorded = f"; recorded {', '.join(map(str, result.recordings))}" if result.recordings else ""
    return f"painted {frames} in {result.seconds:.1f} s, {result.dropped} of the camera's dropped{recorded}"


live = with_options(
    _command, [*declared(), *options.declared(WebOptions)], panels=PANELS, completions={"style": style_names}
)
