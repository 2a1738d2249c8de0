#!/usr/bin/env python3
"""How late and how fast `live --web` paints, in a real browser on the same machine, read from the pixels.

    python benchmarks/live_web.py                     # as people start it
    python benchmarks/live_web.py --visitors 2 -- --quality draft --size 480

Chromium plays a film with a time code as its camera, at 30 frames/s; the code is read back from the painting
at the moment when it is shown, and compared with what the camera shows then. Browser, server and painter
share the machine. Then styles are changed by key and by click, which is seen in the painting's colours. At
last pages are closed without a word, one after the other, to see whether anything of them stays at the
server. What follows `--` are further options of the command.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from common import ROOT, Goal, Report, parser, print_table, program, warn_if_busy

sys.path.insert(0, str(ROOT))  # the tests drive the browser

WARM_UP = 15.0  # s, in which programs are compiled and the governor finds its size
MOST_DELAY = 300.0  # ms, 95 of 100 frames
MOST_CHANGE = 1.0  # s, until another style is on screen
WATCHED = 3.0  # s, in which it has to be
FIRST_LEAVING, LEAVING = (
    10,
    60,
)  # pages that are closed without a word before memory is looked at, and until then
GROWTH_GOAL = 1.03  # of memory, by those


# The painting's colours, again and again until some time after a key or a click; and when that was; ms.
WATCH = """
window.watchChange = (seconds) => new Promise((done) => {
  const found = { began: null, seen: [] };
  for (const kind of ["keydown", "pointerdown"])
    addEventListener(kind, () => found.began ??= performance.now(), { capture: true, once: true });
  const timer = setInterval(() => {
    found.seen.push([performance.now(), ...colours()]);
    if (found.began === null || performance.now() - found.began < seconds * 1000) return;
    clearInterval(timer);
    done(found);
  }, 20);
});
"""


@contextmanager
def serving(options: list[str]) -> Iterator[tuple[str, psutil.Process]]:
    """The command, as another process; the page's address."""
    command = [*program(), "live", "--web", "--port", "0", "--json", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


async def measured(
    address: str, visitors: int, seconds: float, server: psutil.Process
) -> tuple[list[dict[str, Any]], list[float]]:
    """What each visitor sees; and how long the first waits for other styles, s."""
    from tests.browser import browser
    from tests.pipeline.web import _camera

    with tempfile.TemporaryDirectory() as folder:
        film = _camera.film(Path(folder, "camera.mjpeg"))
        async with AsyncExitStack() as opened:
            pages = []
            for _ in range(visitors):  # a browser each: one shows a single page at its full pace
                found = await opened.enter_async_context(browser(film))
                page = await found.open(address, _camera.READ + WATCH)
                await page.until("!document.getElementById('start').disabled")
                await page.click("#start")
                await page.until("!document.getElementById('meter').hidden", 60)
                pages.append(page)
            await asyncio.sleep(WARM_UP)
            parts = []
            for _ in range(3):  # a third each, to see whether the delay grows
                look = f"delays({seconds / 3}, {_camera.PERIOD_MS})"
                parts.append(await asyncio.gather(*(page.run(look) for page in pages)))
            sizes = [await page.run("document.getElementById('size').textContent") for page in pages]
            changes = [
                await _change(pages[0], act)
                for act in (
                    lambda: pages[0].press("n"),
                    lambda: pages[0].click("#styles label:nth-child(6)"),
                    lambda: pages[0].press("4"),
                    lambda: pages[0].click("#styles label:nth-child(1)"),
                )
            ]
            complaints = [line for page in pages for line in page.complaints]
    assert not complaints, complaints
    memory = server.memory_info().rss
    each = [_figures([part[n] for part in parts], sizes[n], memory) for n in range(visitors)]
    return each, changes


async def _change(page: Any, act: Callable[[], Awaitable[None]]) -> float:
    """How long another style takes from the key or the click that wishes for it to the screen, s."""
    watching = asyncio.ensure_future(page.run(f"watchChange({WATCHED})"))
    await asyncio.sleep(0.5)
    await act()
    return changed_after(await watching)


def changed_after(found: dict[str, Any]) -> float:
    """When what is seen came to be more like the end than like the beginning, s; infinite: never.

    Args:
        found: `began`, when it was asked for, and what was `seen`: times, ms, each with colours.
    """
    seen = np.array(found["seen"])
    times, colours = seen[:, 0] - found["began"], seen[:, 1:]
    before, after = colours[times < 0].mean(0), colours[-20:].mean(0)
    is_new = np.abs(colours - after).sum(1) < np.abs(colours - before).sum(1)
    late = np.flatnonzero(~is_new)
    if len(late) == 0 or late[-1] + 1 >= len(times):
        return float("inf")
    return float(times[late[-1] + 1]) / 1000


async def left_behind(address: str, server: psutil.Process) -> dict[str, float]:
    """The server's memory (MB) before and after many pages were closed while they were being painted."""
    from tests.pipeline.web._served import client, frame, visit

    async with client() as session:

        async def leave() -> None:
            socket = await visit(session, address)
            await socket.send_json({"type": "camera", "width": 640, "height": 360})
            painted = 0
            while painted < 2:
                await socket.send_bytes(frame(painted, 640, 360, 60 * painted))
                while (message := await socket.receive(timeout=60)).type is aiohttp.WSMsgType.TEXT:
                    pass
                assert message.type is aiohttp.WSMsgType.BINARY, message
                painted += 1
            await socket.send_bytes(frame(painted, 640, 360))  # it is at that one when the page goes
            connection = socket._response.connection
            assert connection is not None
            assert connection.transport is not None
            connection.transport.abort()

        found = []
        for visits in (FIRST_LEAVING, LEAVING):
            for _ in range(visits):
                await leave()
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)
            found.append(server.memory_info().rss / 1e6)
    return {"before_mb": found[0], "after_mb": found[1], "pages": LEAVING}


def _figures(parts: list[dict[str, Any]], size: str, memory: int) -> dict[str, Any]:
    delays = np.concatenate([part["delays"] for part in parts])
    first, *_, last = (float(np.median(part["delays"])) for part in parts)
    return {
        "size": size,
        "painted_fps": len(delays) / sum(part["seconds"] for part in parts),
        "delay_p50_ms": float(np.percentile(delays, 50)),
        "delay_p95_ms": float(np.percentile(delays, 95)),
        "delay_first_third_ms": first,
        "delay_last_third_ms": last,
        "server_memory_mb": memory / 1e6,
    }


def main() -> int:
    """Measure and tell."""
    made = parser(__doc__)
    made.add_argument("--visitors", type=int, default=1)
    made.add_argument("--seconds", type=float, default=30.0)
    made.add_argument("options", nargs="*", help="of the command, after --")
    asked = made.parse_args()
    warn_if_busy()
    with serving(asked.options) as (address, server):
        found, changes = asyncio.run(measured(address, asked.visitors, asked.seconds, server))
        left = asyncio.run(left_behind(address, server))
    print("other styles after, s:", ", ".join(f"{seconds:.2f}" for seconds in changes))
    print_table(["visitor", *found[0]], [[n, *each.values()] for n, each in enumerate(found, 1)])
    worst = max(each["delay_p95_ms"] for each in found)
    grown = max(each["delay_last_third_ms"] - each["delay_first_third_ms"] for each in found)
    goals = [
        Goal("delay read from the pixels, 95 of 100 frames (ms)", worst, MOST_DELAY),
        Goal("delay of the last third above the first (ms)", grown, 35),  # a camera's frame
        Goal("another style on screen after, s", max(changes), MOST_CHANGE),
        Goal(f"memory by {LEAVING} closed pages", left["after_mb"] / left["before_mb"], GROWTH_GOAL),
    ]
    return Report(
        "live_web",
        {"visitors": found, "changes_s": changes, "closed_pages": left, "options": asked.options},
        goals,
    ).finish(asked.json)


if __name__ == "__main__":
    sys.exit(main())
