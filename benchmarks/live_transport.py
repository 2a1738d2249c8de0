#!/usr/bin/env python3
"""Whether frames over a WebSocket or WebRTC (aiortc) come back sooner: the same camera, nothing painted.

    python -m venv /tmp/rtc && /tmp/rtc/bin/pip install aiohttp aiortc numpy
    python benchmarks/live_transport.py --peer-python /tmp/rtc/bin/python --work-ms 20

The WebSocket is the product's own, page and server, with a painter that only takes its time. WebRTC is
aiortc's echo: each frame is decoded to RGB, takes the same time, and is encoded as aiortc does by default;
frames that have queued meanwhile are left out. Delay is read from the pixels, as live_web.py does.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common import ROOT, Report, parser, print_table, warn_if_busy

sys.path.insert(0, str(ROOT))  # the tests drive the browser

SIZE = 480, 270  # px; what is sent over the WebSocket is a multiple of 16
PORT = 8799

RTC_PAGE = """<!doctype html><video id="video" muted playsinline autoplay></video>
<video id="painted" muted playsinline autoplay></video><script>
async function go(width, height) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width, height, frameRate: 30 } });
  video.srcObject = stream;
  const peer = new RTCPeerConnection();
  peer.ontrack = (event) => {
    painted.srcObject = new MediaStream([event.track]);
    event.receiver.jitterBufferTarget = 0;
  };
  peer.addTransceiver(stream.getVideoTracks()[0], { direction: "sendrecv" });
  await peer.setLocalDescription(await peer.createOffer());
  while (peer.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 20));
  const answer = await fetch("/offer", { method: "POST", body: JSON.stringify(peer.localDescription) });
  await peer.setRemoteDescription(await answer.json());
}
</script>"""

RTC_SERVER = """
import asyncio, sys, time
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import VideoFrame

page, port, work = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
peers = set()

def busy():
    end = time.thread_time() + work
    while time.thread_time() < end:
        sum(range(500))

class Echo(MediaStreamTrack):
    kind = "video"
    def __init__(self, track):
        super().__init__()
        self.track = track
    async def recv(self):
        frame = await self.track.recv()
        while self.track._queue.qsize():
            frame = await self.track.recv()
        pixels = frame.to_ndarray(format="rgb24")
        await asyncio.to_thread(busy)
        made = VideoFrame.from_ndarray(pixels, format="rgb24")
        made.pts, made.time_base = frame.pts, frame.time_base
        return made

async def offer(request):
    told = await request.json()
    peer = RTCPeerConnection()
    peers.add(peer)
    peer.on("track", lambda track: peer.addTrack(Echo(track)))
    await peer.setRemoteDescription(RTCSessionDescription(told["sdp"], told["type"]))
    await peer.setLocalDescription(await peer.createAnswer())
    return web.json_response({"sdp": peer.localDescription.sdp, "type": peer.localDescription.type})

app = web.Application()
app.router.add_post("/offer", offer)
app.router.add_get("/", lambda _: web.Response(text=page, content_type="text/html"))
web.run_app(app, host="127.0.0.1", port=port, print=None)
"""

WEBSOCKET_SERVER = """
import signal, sys, time
from stylize_video.models import styles
from stylize_video.pipeline.live.governor import Governor
from stylize_video.pipeline.live.rungs import Rung
from stylize_video.pipeline.live.session import Shown
from stylize_video.pipeline.live.settings import LiveSettings
from stylize_video.pipeline.web.gallery import Gallery
from stylize_video.pipeline.web.painting import Studio
from stylize_video.pipeline.web.place import Place
from stylize_video.pipeline.web.server import WebServer

side, port, work = (float(given) for given in sys.argv[1:])
rung = Rung(int(side), "draft")

class Echo:
    problem = ""
    def __init__(self):
        self.settings = LiveSettings(rung=rung)
    def paint(self, picture, _, *, source=None):
        end = time.thread_time() + work
        while time.thread_time() < end:
            sum(range(500))
        return Shown(picture, rung, (picture.shape[1], picture.shape[0]), 0.0, "")
    def prepare(self, across, rungs):
        pass
    def is_ready(self, across, rung):
        return True

studio = Studio(Echo, lambda: Governor([rung], fps=30))
gallery = Gallery.of(styles.available().values(), LiveSettings())
with WebServer(Place(port=int(port)), studio, gallery):
    signal.pause()
"""


@contextmanager
def serving(python: str, source: str, *arguments: object) -> Iterator[psutil.Process]:
    """A server as another process."""
    process = subprocess.Popen([python, "-c", source, *map(str, arguments)])
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _cpu(process: psutil.Process) -> float:
    """Processor time of a process and all it has started, s."""
    used = [each.cpu_times() for each in (process, *process.children(recursive=True)) if each.is_running()]
    return float(sum(times.user + times.system for times in used))


async def measured(name: str, server: psutil.Process, film: Path, seconds: float) -> dict[str, Any]:
    """One of the two."""
    from tests.browser import browser
    from tests.pipeline.web import _camera

    async with browser(film) as found:
        page = await _opened(found, _camera.READ)
        if name == "WebRTC":
            await page.run("go({}, {})".format(*SIZE))
        else:
            await page.until("!document.getElementById('start').disabled")
            await page.click("#start")
        await asyncio.sleep(8)  # WebRTC begins with a low rate
        before = _cpu(server), _cpu(psutil.Process(found.process.pid))
        seen = await page.run(f"delays({seconds}, {_camera.PERIOD_MS})")
        after = _cpu(server), _cpu(psutil.Process(found.process.pid))
    delays = np.array(seen["delays"])
    if not len(delays):
        raise RuntimeError(f"nothing came back over {name}")
    return {
        "fps": len(delays) / seconds,
        "delay_p50_ms": float(np.percentile(delays, 50)),
        "delay_p95_ms": float(np.percentile(delays, 95)),
        "unread_frames": seen["unread"],
        "server_cores": (after[0] - before[0]) / seconds,
        "browser_cores": (after[1] - before[1]) / seconds,
    }


async def _opened(found: Any, prepare: str) -> Any:
    """The page, once the server is there."""
    for _ in range(100):
        page = await found.open(f"http://127.0.0.1:{PORT}/", prepare)
        if await page.run("document.getElementById('painted') !== null"):
            return page
        await asyncio.sleep(0.2)
    raise TimeoutError("the server doesn't start")


def main() -> int:
    """Measure in turns and tell."""
    made = parser(__doc__)
    made.add_argument("--peer-python", required=True, help="a Python that has aiortc")
    made.add_argument("--seconds", type=float, default=10.0)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--work-ms", type=float, default=20.0, help="processor time that a painter would take")
    asked = made.parse_args()
    warn_if_busy()
    from tests.pipeline.web import _camera

    work = asked.work_ms / 1000
    servers = {
        "WebSocket": (sys.executable, WEBSOCKET_SERVER, SIZE[0], PORT, work),
        "WebRTC": (asked.peer_python, RTC_SERVER, RTC_PAGE, PORT, work),
    }
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        film = _camera.film(Path(folder, "camera.mjpeg"))
        for _ in range(asked.rounds):
            for name, server in servers.items():
                with serving(*server) as process:
                    found = asyncio.run(measured(name, process, film, asked.seconds))
                rows.append({"transport": name} | found)
                print_table(list(rows[-1]), [list(rows[-1].values())])
    return Report("live_transport", {"rounds": rows, "work_ms": asked.work_ms}).finish(asked.json)


if __name__ == "__main__":
    sys.exit(main())
