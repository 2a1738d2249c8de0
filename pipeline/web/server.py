"""The server, in a thread of its own: started, it serves until it is closed.

with WebServer(Place(), studio, gallery) as server:
    print(server.address)
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from stylize_video.errors import OutputError
from stylize_video.option import flag
from stylize_video.pipeline.web.gallery import Gallery
from stylize_video.pipeline.web.painting import Studio
from stylize_video.pipeline.web.place import Place
from stylize_video.pipeline.web.reception import Reception
from stylize_video.pipeline.web.tally import WebStatus

MOST_VISITORS = 4

_THREADS = (
    2  # of all visitors: while the network paints for one, another's frame is decoded and its motion found
)
PATIENCE = 20.0  # s that a connection may last which is no visit; the page is fetched in less
_SHUTDOWN = 0.5  # s that answers may take that are under way


class WebServer:
    """Serves the page.

    Args:
        place: where.
        studio: what paints for the visitors.
        gallery: what they may wish for.
        most: visitors at the same time.
    """

    def __init__(self, place: Place, studio: Studio, gallery: Gallery, *, most: int = MOST_VISITORS) -> None:
        self._place = place
        self._workers = ThreadPoolExecutor(_THREADS, thread_name_prefix="stylize-video visitors")
        self._reception = Reception(place, studio, gallery, self._workers, most=most)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread: threading.Thread | None = None
        self.address = ""  # what is typed into a browser; known once it has been started

    @property
    def status(self) -> WebStatus:
        """How it goes."""
        return self._reception.tally.status(len(self._reception.visitors))

    def start(self) -> None:
        """Serve from now on.

        Raises:
            OutputError: the port is in use, or there is no such address on this machine.
            InputError: certificate or key can't be read.
        """
        tls = self._place.tls()
        ready: Future[int] = Future()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            runner = web.AppRunner(
                self._reception.app(),
                access_log=None,
                handle_signals=False,
                shutdown_timeout=_SHUTDOWN,
                keepalive_timeout=PATIENCE,
            )
            await runner.setup()
            reaping = asyncio.ensure_future(_close_idle(runner, self._reception.visitors, PATIENCE))
            try:
                await web.TCPSite(runner, self._place.host, self._place.port, ssl_context=tls).start()
                ready.set_result(runner.addresses[0][1])
                await self._end.wait()
            finally:
                reaping.cancel()
                await runner.cleanup()

        def run() -> None:
            try:
                asyncio.run(serve())
            except BaseException as error:  # handed to who waits for it
                if not ready.done():
                    ready.set_exception(error)

        self._thread = threading.Thread(target=run, name="stylize-video web", daemon=True)
        self._thread.start()
        try:
            self.address = self._place.address(ready.result())
        except OSError as error:
            self.close()
            raise OutputError(self._told(error)) from error

    def close(self) -> None:
        """Say goodbye to all visitors and end. Safe to call again."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end.set)
        if self._thread is not None:
            self._thread.join()
        self._workers.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _told(self, error: OSError) -> str:
        place = f"{self._place.host}:{self._place.port}"
        if error.errno == errno.EADDRINUSE:
            return f"{place} is in use by another program; give another {flag('port')}"
        if error.errno in (errno.EACCES, errno.EPERM):
            return f"{place}: this port is not allowed; give a {flag('port')} above 1023"
        return f"{place} can't be served ({error.strerror or error}); give another {flag('host')}"


async def _close_idle(runner: web.AppRunner, visitors: Collection[Any], patience: float) -> None:
    """Close connections that are no visit, until cancelled: of descriptors a process has a thousand.

    Args:
        runner: of the server.
        visitors: connections (`Request.protocol`) that may last.
        patience: s that others may.
    """
    since: dict[Any, float] = {}
    while True:
        await asyncio.sleep(patience / 10)
        now = monotonic()
        here = [] if runner.server is None else runner.server.connections
        since = {connection: since.get(connection, now) for connection in here}
        for connection, came in since.items():
            if now - came > patience and connection not in visitors:
                connection.force_close()
