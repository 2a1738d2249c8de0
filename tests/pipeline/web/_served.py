"""A server whose painter is quick: it shows the negative."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from time import sleep
from typing import Any

import aiohttp
import cv2
import numpy as np

from stylize_video.models.mixture import NamedStyle
from stylize_video.pipeline.live.governor import Governor
from stylize_video.pipeline.live.rungs import Rung
from stylize_video.pipeline.live.session import Shown
from stylize_video.pipeline.live.settings import LiveSettings
from stylize_video.pipeline.web.gallery import Gallery, Offer
from stylize_video.pipeline.web.painting import Camera, Studio
from stylize_video.pipeline.web.place import Place
from stylize_video.pipeline.web.server import WebServer

RUNG = Rung(64, "draft")
WISH = {"type": "wish", "style": "a", "blend": None, "share": 0, "strength": 1, "keep_colours": False}


class Negative:
    """Paints nothing, slowly if asked to."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.settings = LiveSettings(rung=RUNG)
        self.problem = ""
        self.seconds = seconds
        self.threads: set[int] = set()

    def paint(self, picture: Any, time: float, *, source: tuple[int, int] | None = None) -> Shown:
        """See `LiveSession.paint`; what it was asked for is in the first pixel."""
        assert picture.dtype == np.uint8
        sleep(self.seconds)
        self.threads.add(threading.get_ident())
        shown = 255 - picture
        shown[:16, :16] = round(255 * self.settings.strength)
        size = picture.shape[1], picture.shape[0]
        return Shown(shown, self.settings.rung, size, self.seconds, str(self.settings.style))

    def prepare(self, across: tuple[int, int], rungs: Any) -> None:
        """See `LiveSession.prepare`; there is nothing to make ready."""

    def is_ready(self, across: tuple[int, int], rung: Rung) -> bool:
        """See `LiveSession.is_ready`."""
        return True


def gallery() -> Gallery:
    """Of two styles."""
    offers = [Offer(name, name.upper(), "", NamedStyle(name)) for name in ("a", "b")]
    return Gallery(offers, replace(LiveSettings(), style=LiveSettings().style.only(NamedStyle("a"))))


@contextmanager
def served(
    place: Place | None = None,
    *,
    most: int = 4,
    session: Callable[[], Any] = Negative,
    camera: Camera | None = None,
) -> Iterator[WebServer]:
    """A server on a free port."""
    studio = Studio(session, lambda: Governor([RUNG], fps=30), camera)
    with WebServer(place or Place(port=0), studio, gallery(), most=most) as server:
        yield server


@asynccontextmanager
async def client(**settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """aiohttp's, whose connections have ended when the block has."""
    async with aiohttp.ClientSession(**settings) as session:
        yield session
    await asyncio.sleep(0.05)  # transports end in the loop's next rounds


def origin(address: str) -> str:
    """Of a page at an address."""
    return "/".join(address.split("/")[:3])


async def visit(session: aiohttp.ClientSession, address: str) -> aiohttp.ClientWebSocketResponse:
    """As a page does: a WebSocket, after the server's greeting."""
    socket = await session.ws_connect(f"{address}live", origin=origin(address))
    message = await socket.receive()
    if message.type == aiohttp.WSMsgType.TEXT:
        assert message.json()["type"] == "hello"
    return socket


def frame(number: int, width: int = 64, height: int = 48, value: int = 40) -> bytes:
    """A frame's message: grey."""
    done, data = cv2.imencode(".jpg", np.full((height, width, 3), value, np.uint8))
    assert done
    return number.to_bytes(4, "little") + data.tobytes()


def picture(message: bytes) -> tuple[int, Any]:
    """A painted frame's number and pixels."""
    return int.from_bytes(message[:4], "little"), cv2.imdecode(np.frombuffer(message[12:], np.uint8), 1)
