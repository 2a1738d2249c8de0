"""The job of a live page: this machine's camera is painted for a visitor; what can't be is said before."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import numpy as np
import pytest

from stylize_video.commands.options.web import WebOptions
from stylize_video.errors import DeviceError, OutputError, UsageError
from stylize_video.pipeline.jobs import live, live_web
from stylize_video.pipeline.jobs.live_request import LiveRequest
from stylize_video.pipeline.jobs.live_web import Page
from stylize_video.pipeline.web.place import Place
from tests.pipeline.live.cameras import Script, moving
from tests.pipeline.web import _served


def request(**values: Any) -> LiveRequest:
    return LiveRequest.of(**{"size": 64, "device": "cpu", **values})


def never(_: str) -> None:
    raise AssertionError("served")


async def _watch(address: str) -> tuple[int, Any]:
    """What a visitor sees who watches the server's camera, and how soon."""
    async with _served.client() as session:
        socket = await _served.visit(session, address)
        await socket.send_json({"type": "watch", "width": 64, "height": 48})
        async for message in socket:
            if isinstance(message.data, bytes):
                return _served.picture(message.data)
    raise AssertionError("the server has ended")


def test_a_visitor_sees_this_machines_camera_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "open_camera", lambda _: lambda: Script(moving, rate=30))
    seen: list[tuple[int, Any]] = []
    told: list[Any] = []
    visits: list[threading.Thread] = []

    def ready(address: str) -> None:
        visits.append(threading.Thread(target=lambda: seen.append(asyncio.run(_watch(address)))))
        visits[0].start()

    def tell(status: Any) -> None:
        told.append(status)
        if seen:
            raise KeyboardInterrupt  # Ctrl-C, once the visitor has seen what he came for

    page = Page(Place(port=0), 1, shares_camera=True)
    with pytest.raises(KeyboardInterrupt):
        live_web.serve(request(seconds=60), page, on_ready=ready, on_status=tell)
    visits[0].join()
    (_, picture) = seen[0]
    assert picture.shape == (48, 64, 3)
    assert np.std(picture) > 5
    assert told[-1].painted >= 1
    names = {thread.name for thread in threading.enumerate()}
    assert not {"stylize-video web", "stylize-video loader"} & names


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"camera": "film.mp4"}, "share_camera"),
        ({"mirror": True}, "choose"),
        ({"style": "kandinski"}, "mean"),
    ],
)
def test_what_would_do_nothing_or_cant_be_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        live_web.serve(request(**values), Page(Place(port=0), 1), on_ready=never)


def test_a_port_in_use_is_said() -> None:
    with _served.served() as other:
        port = int(other.address.rstrip("/").rsplit(":", 1)[1])
        with pytest.raises(OutputError, match="in use by another program"):
            live_web.serve(request(), Page(Place(port=port), 1), on_ready=never)


def test_without_aiohttp_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("stylize_video.pipeline.web.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(DeviceError, match=r"stylize-video\[web\]"):
        live_web.serve(request(), Page(Place(port=0), 1), on_ready=never)


def test_options_of_the_page_go_with_it_only() -> None:
    with pytest.raises(UsageError, match=r"port.*of use with.*web"):
        WebOptions(port=80)
    with pytest.raises(UsageError, match="HTTPS needs both"):
        WebOptions.of({"web": True, "key": "key.pem", "seconds": 3})
    with pytest.raises(UsageError, match="max clients"):
        WebOptions(web=True, max_clients=0)
    values = {"web": True, "seconds": 3}
    assert WebOptions.of(values).host == "127.0.0.1"
    assert values == {"seconds": 3}
