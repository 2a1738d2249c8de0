"""A real browser without a screen, driven by the DevTools protocol; its camera is a film made on the spot."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

_CODES = {"Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def program() -> str:
    """A browser's program; without one the test is skipped, or fails where there has to be one."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        told = f"no browser here: none of {', '.join(BROWSERS)}"
        if os.environ.get("STYLIZE_VIDEO_REQUIRE_BROWSER") == "1":
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    return found


class Page:
    """One tab.

    Args:
        socket: its DevTools.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.complaints: list[str] = []  # errors of the page, and what its policy kept from loading
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            elif told["method"] == "Runtime.exceptionThrown" or (
                told["method"] == "Log.entryAdded" and told["params"]["entry"]["level"] == "error"
            ):
                self.complaints.append(json.dumps(told["params"])[:2000])

    async def call(self, method: str, **parameters: Any) -> Any:
        """A command of the protocol; its result."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        told = await asyncio.wait_for(answer, 60)
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']}")
        return told["result"]

    async def run(self, script: str) -> Any:
        """The value of an expression, awaited where it is a promise."""
        done = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(json.dumps(done["exceptionDetails"])[:2000])
        return done["result"].get("value")

    async def until(self, script: str, seconds: float = 20) -> None:
        """Wait until an expression is true."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await self.run(script):
            if asyncio.get_running_loop().time() > deadline:
                said = await self.run("document.getElementById('status')?.textContent")
                raise TimeoutError(f"never: {script}; the page says {said!r}, {self.complaints}")
            await asyncio.sleep(0.05)

    async def click(self, selector: str) -> None:
        """A real click in the middle of an element."""
        place = await self.run(
            f"(e => {{ e.scrollIntoView({{block: 'center', inline: 'center'}});"
            f" const r = e.getBoundingClientRect();"
            f" return [r.x + r.width / 2, r.y + r.height / 2]; }})(document.querySelector({selector!r}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    async def press(self, key: str) -> None:
        """A real key."""
        code = _CODES.get(key, 0)
        known = (
            {"key": key, "code": key, "windowsVirtualKeyCode": code} if code else {"key": key, "text": key}
        )
        await self.call("Input.dispatchKeyEvent", type="keyDown", **known)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    async def screenshot(self, path: Path, width: int, height: int, *, phone: bool = False) -> None:
        """What is to be seen on a screen of a size, as PNG."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=phone,
        )  # fmt: skip
        await asyncio.sleep(0.5)
        shown = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shown["data"]))

    async def close(self) -> None:
        """Leave the tab as it is, and stop hearing of it."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()


class Browser:
    """A running browser.

    Args:
        session: for requests to it.
        port: of its DevTools.
        process: itself.
    """

    def __init__(self, session: aiohttp.ClientSession, port: int, process: subprocess.Popen[bytes]) -> None:
        self._session, self._port = session, port
        self.process = process
        self._pages: list[Page] = []

    async def open(self, address: str, prepare: str = "") -> Page:
        """A new tab in front, whose page is loading; `prepare` runs in it before any script of its own."""
        async with self._session.put(f"http://127.0.0.1:{self._port}/json/new?about:blank") as answer:
            about = await answer.json()
        socket = await self._session.ws_connect(about["webSocketDebuggerUrl"], max_msg_size=2**28)
        page = Page(socket)
        self._pages.append(page)
        for domain in ("Page", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        if prepare:
            await page.call("Page.addScriptToEvaluateOnNewDocument", source=prepare)
        await page.call("Page.navigate", url=address)
        await page.until("document.readyState === 'complete'")
        return page

    async def close(self) -> None:
        """Leave all tabs."""
        for page in self._pages:
            await page.close()


def _flags(profile: Path, camera: Path | None) -> list[str]:
    flags = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0",
        "--disable-extensions",
        "--disable-background-networking", "--disable-component-update", "--window-size=1280,800",
        "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
        "--disable-background-timer-throttling", "--disable-features=PreloadTopChromeWebUI",
        f"--user-data-dir={profile}",
    ]  # fmt: skip
    return [*flags, *([f"--use-file-for-fake-video-capture={camera}"] if camera else [])]


@asynccontextmanager
async def browser(
    camera: Path | None = None, *, more: tuple[str, ...] = (), camera_flags: tuple[str, ...] = CAMERA
) -> AsyncIterator[Browser]:
    """A browser until the end of the block, with all of its processes.

    Args:
        camera: a .mjpeg or .y4m film that its camera shows again and again; by default a test picture.
        more: flags.
        camera_flags: by default it has a camera, and a visitor who allows it.
    """
    with tempfile.TemporaryDirectory(prefix="stylize-video-browser-", ignore_cleanup_errors=True) as folder:
        profile = Path(folder)
        process = subprocess.Popen(
            [program(), *_flags(profile, camera), *camera_flags, *more, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            port = await _port(profile / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                found = Browser(session, port, process)
                try:
                    yield found
                finally:
                    await found.close()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


async def _port(file: Path) -> int:
    for _ in range(600):
        with suppress(OSError, ValueError, IndexError):
            return int(file.read_text().splitlines()[0])
        await asyncio.sleep(0.05)
    raise TimeoutError("the browser doesn't start")
