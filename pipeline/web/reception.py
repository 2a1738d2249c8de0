"""What the server answers: the page's files, and a WebSocket for each visitor there is a place for."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Executor
from typing import Any

from aiohttp import WSCloseCode, web

from stylize_video.pipeline.web import assets, guard, jpeg
from stylize_video.pipeline.web.gallery import Gallery
from stylize_video.pipeline.web.painting import Studio
from stylize_video.pipeline.web.place import Place
from stylize_video.pipeline.web.tally import Tally
from stylize_video.pipeline.web.visitor import Visitor

FULL = 4000  # code of a closing: all places are taken

_HEARTBEAT = 10.0  # s; who is gone without a word is noticed so
_CLOSING = 0.3  # s that a page may take to say goodbye when the server ends


class Reception:
    """Receives visitors.

    Args:
        place: where.
        studio: what paints for them.
        gallery: what they may wish for.
        workers: threads that decode, paint and encode.
        most: visitors at the same time.
    """

    def __init__(
        self, place: Place, studio: Studio, gallery: Gallery, workers: Executor, *, most: int
    ) -> None:
        self._place, self._studio, self._gallery = place, studio, gallery
        self._workers, self._most = workers, most
        self.tally = Tally()
        self._assets = assets.load()
        self._here: dict[Any, web.WebSocketResponse] = {}

    @property
    def visitors(self) -> Collection[Any]:
        """Their connections."""
        return self._here.keys()

    def app(self) -> web.Application:
        """For aiohttp to run."""
        made = web.Application(middlewares=[guard.middleware(self._place)], client_max_size=1024)
        made.router.add_get("/{path:.*}", self._answer)
        made.on_response_prepare.append(guard.harden)
        made.on_shutdown.append(self._say_goodbye)
        return made

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        within = request[guard.WITHIN]
        if within == "live":
            return await self._visit(request)
        asset = self._assets.get(within)
        if asset is None:
            return web.Response(status=404, text="There is nothing here.\n")
        return web.Response(body=asset.data, content_type=asset.kind, charset=_charset(asset.kind))

    async def _visit(self, request: web.Request) -> web.StreamResponse:
        if "Origin" not in request.headers:  # every browser sends it with a WebSocket
            return web.Response(status=403, text="A WebSocket needs an Origin.\n")
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT, timeout=_CLOSING, max_msg_size=jpeg.LARGEST + 4, compress=False
        )
        if not socket.can_prepare(request).ok:
            return web.Response(status=426, text="Only a WebSocket is answered here.\n")
        await socket.prepare(request)
        if len(self._here) >= self._most:
            places = "The only place is" if self._most == 1 else f"All {self._most} places are"
            await socket.close(code=FULL, message=f"{places} taken".encode())
            return socket
        self._here[request.protocol] = socket
        try:
            await socket.send_json(self._hello())
            await Visitor(socket, self._studio, self._gallery, self._workers, self.tally).serve()
        finally:
            self._here.pop(request.protocol, None)
        return socket

    def _hello(self) -> dict[str, object]:
        return {
            "type": "hello",
            "styles": self._gallery.described(assets.thumbnails(self._assets)),
            "wish": self._gallery.wish(),
            "server_camera": self._studio.camera is not None,
        }

    async def _say_goodbye(self, _: web.Application) -> None:
        for socket in list(self._here.values()):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"The server has ended")


def _charset(kind: str) -> str | None:
    return "utf-8" if kind.startswith("text/") else None
