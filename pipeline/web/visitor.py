"""One visitor: their newest frame is painted, then the newest after that. Nothing queues.

The page sends a frame only when few of those it has sent are out; what comes faster replaces what waits. The
server's camera is painted for a visitor whenever their page has shown a picture before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import WSMsgType, web

from stylize_video.errors import StylizeVideoError
from stylize_video.pipeline.live.rungs import Rung, working_size
from stylize_video.pipeline.web import jpeg, shapes, wire
from stylize_video.pipeline.web.gallery import Gallery
from stylize_video.pipeline.web.limits import Allowance, Mailbox
from stylize_video.pipeline.web.painting import Studio
from stylize_video.pipeline.web.tally import Tally
from stylize_video.pipeline.web.wire import Painted, RefusedError

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture
    from stylize_video.pipeline.live.session import Shown

IDLE = 60.0  # s without a word, after which somebody else may have the place

_LARGEST_SIDE = 16384  # px of a visitor's camera
_FRAMES = 90.0  # a second, that a page may send
_WORDS = 40.0  # likewise, of all else: a slider that is dragged
_AHEAD = 2  # frames of the server's camera that are on their way to a page
_LOOK_AGAIN = 0.004  # s, for the server's camera's next frame


class _Waiting(NamedTuple):
    """A frame that waits for being painted."""

    number: int
    picture: memoryview | Picture  # a JPEG, or a frame of the server's camera
    since: float  # s of monotonic


class _Result(NamedTuple):
    """A frame that was painted."""

    waited: float  # s, for a thread and, in it, for the painter
    worked: float  # s
    rung: Rung  # for the next one
    jpeg: bytes


class Visitor:
    """Serves one WebSocket from its opening to its end.

    Args:
        socket: opened.
        studio: what paints.
        gallery: what may be wished for.
        workers: threads that decode, paint and encode; each visitor uses one of them at a time at most.
        tally: counts.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        studio: Studio,
        gallery: Gallery,
        workers: Executor,
        tally: Tally,
    ) -> None:
        self._socket, self._studio, self._gallery, self._workers = socket, studio, gallery, workers
        self._tally = tally
        self._session, self._governor = studio.session(), studio.governor()
        self._waiting: Mailbox[_Waiting] = Mailbox()
        self._source: tuple[int, int] | None = None  # width and height of the camera; None: not known yet
        self._told: dict[str, Any] = {"problem": {"text": ""}}  # the last of what is told when it changes
        self._prepared: object = None  # what the rungs around were made ready for
        self._dropped = 0
        self._watches = asyncio.Event()  # the server's camera, not the visitor's own
        self._taken: dict[int, float] = {}  # when frames of it that aren't shown yet were taken, by number
        self._age = 0.0  # s, of the last one when it was shown
        self._frames, self._words = Allowance(_FRAMES, _FRAMES), Allowance(_WORDS, _WORDS)

    async def serve(self) -> None:
        """Until either side closes."""
        tasks = [asyncio.ensure_future(work) for work in (self._hear_all(), self._paint_all(), self._watch())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        except RefusedError as error:
            await self._close(error.code, error.reason)
        except StylizeVideoError as error:
            await self._close(1011, str(error))
        except ConnectionError:
            pass  # it went while something was being sent
        finally:
            self._tally.left(self)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self, code: int, reason: str) -> None:
        with suppress(ConnectionError):
            await self._socket.close(code=code, message=reason.encode()[:120])

    # What the page says.

    async def _hear_all(self) -> None:
        async for kind, data in self._messages():
            if kind == WSMsgType.TEXT:
                await self._hear(wire.told(data))
                continue
            number, picture = wire.frame(data)
            if not self._watches.is_set():
                await self._take(_Waiting(number, picture, monotonic()))

    async def _messages(self) -> AsyncIterator[tuple[WSMsgType, Any]]:
        while True:
            try:
                message = await self._socket.receive(timeout=IDLE)
            except TimeoutError as error:
                raise RefusedError("nothing came for a minute", 4001) from error
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                return  # closed, by whichever side
            allowed = self._words if message.type == WSMsgType.TEXT else self._frames
            if not allowed.takes():
                raise RefusedError("too many messages")
            yield message.type, message.data

    async def _take(self, frame: _Waiting) -> None:
        """The newest wins."""
        if (before := self._waiting.put(frame)) is not None:
            self._dropped += 1
            self._tally.dropped()
            await self._socket.send_json({"type": "dropped", "number": before.number})

    async def _hear(self, said: dict[str, Any]) -> None:
        match said.get("type"):
            case "wish":
                self._session.settings = self._gallery.settings(said, self._session.settings)
            case "camera" | "watch" as kind:
                self._source = shapes.nearest(
                    *(wire.whole(said, s, 1, _LARGEST_SIDE) for s in ("width", "height"))
                )
                self._choose_camera(own=kind == "camera")
                await self._tell_size()
            case "shown":
                taken = self._taken.pop(wire.whole(said, "number", 0, 2**32 - 1), None)
                if taken is not None:
                    self._age = monotonic() - taken
            case "delay":
                self._tally.delayed(self, wire.whole(said, "ms", 0, 60_000))
            case _:
                raise RefusedError("a message of no known type")

    def _choose_camera(self, *, own: bool) -> None:
        self._taken.clear()
        self._age = 0.0
        if own:
            self._watches.clear()
        elif self._studio.camera is None:
            raise RefusedError("there is no camera at the server")
        else:
            self._watches.set()

    # What is painted.

    async def _paint_all(self) -> None:
        while True:
            frame = await self._waiting.take()
            if self._source is None:
                raise RefusedError("a frame before its camera was told")
            size = working_size(self._source, self._session.settings.rung.size)
            loop = asyncio.get_running_loop()
            done = await loop.run_in_executor(self._workers, self._paint, frame, self._source, size)
            self._session.settings = replace(self._session.settings, rung=done.rung)
            waited, worked, age = _ms(done.waited, done.worked, self._age)
            told = Painted(frame.number, waited, worked, age, self._dropped)
            await self._socket.send_bytes(told.message(done.jpeg))
            self._tally.painted(done.waited + done.worked)
            await self._tell_size()
            await self._tell("problem", {"text": self._session.problem})

    def _paint(self, frame: _Waiting, source: tuple[int, int], size: tuple[int, int]) -> _Result:
        """In a thread of the workers."""
        began = monotonic()
        given = frame.picture
        decoded = jpeg.decode(given, size) if isinstance(given, memoryview) else jpeg.fitted(given, size)
        shown = self._session.paint(decoded, frame.since, source=source)
        coded = jpeg.encode(shown.picture)
        worked = monotonic() - began
        rung = self._govern(shown, worked, source)
        return _Result(began - frame.since, worked, rung, coded)

    def _govern(self, shown: Shown, seconds: float, source: tuple[int, int]) -> Rung:
        """The next size and quality; those that may follow are made ready."""
        session = self._session
        rung = self._governor.painted(
            shown.rung, seconds, monotonic(), ready=lambda rung: session.is_ready(source, rung)
        )
        wanted = (rung, shown.style, source)
        if wanted != self._prepared:
            self._prepared = wanted
            session.prepare(source, self._governor.near)
        return rung

    async def _tell_size(self) -> None:
        if self._source is not None:
            width, height = working_size(self._source, self._session.settings.rung.size)
            await self._tell("size", {"width": width, "height": height})

    async def _tell(self, kind: str, message: dict[str, Any]) -> None:
        """Unless the page knows it already."""
        if self._told.get(kind) != message:
            self._told[kind] = message
            await self._socket.send_json({"type": kind, **message})

    # The server's camera.

    async def _watch(self) -> None:
        last = -1
        while True:
            await self._watches.wait()
            shot = None if self._studio.camera is None else self._studio.camera.newest()
            if shot is None or shot.number == last or len(self._taken) >= _AHEAD:
                await asyncio.sleep(_LOOK_AGAIN)
                continue
            last, number = shot.number, shot.number % 2**32
            self._taken[number] = shot.time
            if (before := self._waiting.put(_Waiting(number, shot.picture, shot.time))) is not None:
                self._taken.pop(before.number, None)


def _ms(*seconds: float) -> list[int]:
    return [max(0, round(1000 * value)) for value in seconds]
