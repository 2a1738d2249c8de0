"""A visitor of the page, as aiohttp's own client: frames, wishes, and what is refused."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from time import monotonic, sleep
from typing import Any

import aiohttp
import numpy as np
import pytest

from stylize_video.errors import DeviceError
from stylize_video.pipeline.web.painting import Shot
from tests.pipeline.web._served import WISH, Negative, client, frame, picture, served, visit

CAMERA = {"type": "camera", "width": 640, "height": 480}


async def _told(socket: aiohttp.ClientWebSocketResponse, kind: str) -> Any:
    """The next message of a type."""
    while True:
        message = await socket.receive(timeout=30)
        if message.type == aiohttp.WSMsgType.BINARY and kind == "painted":
            return picture(message.data)
        if message.type == aiohttp.WSMsgType.TEXT and message.json()["type"] == kind:
            return message.json()
        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message


def test_a_frame_comes_back_painted_and_by_each_visitors_own_wish() -> None:
    async def talk(address: str) -> list[tuple[int, Any]]:
        async with client() as session:
            painted = []
            sockets = [await visit(session, address) for _ in range(2)]
            for strength, socket in zip((1, 0.2), sockets, strict=True):
                await socket.send_json(WISH | {"strength": strength})
                await socket.send_json(CAMERA)
                assert (await _told(socket, "size")) == {"type": "size", "width": 64, "height": 48}
                await socket.send_bytes(frame(7))
            for socket in sockets:
                painted.append(await _told(socket, "painted"))
                await socket.close()
            return painted

    with served() as server:
        both = asyncio.run(talk(server.address))
    for (number, found), strength in zip(both, (255, 51), strict=True):
        assert number == 7
        assert found.shape == (48, 64, 3)
        assert abs(float(found[24:, 32:].mean()) - 215) < 2
        assert abs(float(found[2:14, 2:14].mean()) - strength) < 3


def test_of_frames_that_come_too_fast_the_newest_is_painted_and_the_others_are_told_of() -> None:
    async def talk(address: str) -> tuple[list[int], list[int]]:
        painted, dropped = [], []
        async with client() as session:
            socket = await visit(session, address)
            await socket.send_json(CAMERA)
            for number in range(20):
                await socket.send_bytes(frame(number))
            while len(painted) + len(dropped) < 20:
                message = await socket.receive(timeout=30)
                if message.type == aiohttp.WSMsgType.BINARY:
                    painted.append(picture(message.data)[0])
                elif message.json()["type"] == "dropped":
                    dropped.append(message.json()["number"])
        return painted, dropped

    with served(session=lambda: Negative(0.05)) as server:
        painted, dropped = asyncio.run(talk(server.address))
    assert painted == sorted(painted)
    assert painted[-1] == 19
    assert len(painted) < 6
    assert sorted(painted + dropped) == list(range(20))


def _cases() -> list[tuple[str, Any, int]]:
    head = (5).to_bytes(4, "little")
    huge = bytearray(frame(1))
    place = huge.index(b"\xff\xc0") + 5
    huge[place : place + 4] = (30_000).to_bytes(2, "big") * 2
    return [
        ("a style that isn't offered", WISH | {"style": "../secret.safetensors"}, 1008),
        ("a blend that isn't offered", WISH | {"blend": "/etc/passwd", "share": 0.5}, 1008),
        ("a strength of 2", WISH | {"strength": 2}, 1008),
        ("a strength that is no number", WISH | {"strength": "1"}, 1008),
        ("NaN", json.dumps(WISH | {"strength": float("nan")}), 1008),
        ("colours that are no choice", WISH | {"keep_colours": 1}, 1008),
        ("a camera without height", {"type": "camera", "width": 4}, 1008),
        ("a camera of no size", {"type": "camera", "width": 0, "height": 4}, 1008),
        ("no type", {}, 1008),
        ("no object", "[1]", 1008),
        ("no JSON", "v=0 o=- 46117 IN IP4 127.0.0.1 m=video 9", 1008),
        ("nested too deep", "[" * 4000, 1008),
        ("a text that is too long", "x" * 5000, 1009),
        ("a camera that isn't there", {"type": "watch", "width": 4, "height": 3}, 1008),
        ("an empty frame", head, 1008),
        ("garbage", head + b"garbage" * 100, 1007),
        ("the beginning of a JPEG", frame(1)[:40], 1007),
        ("a gigapixel", bytes(huge), 1009),
        ("megabytes", head + b"\xff\xd8\xff" * 400_000, 1009),
    ]


def test_what_no_page_sends_is_answered_by_one_reason_and_the_server_stands() -> None:
    async def tell(session: aiohttp.ClientSession, address: str, message: Any) -> tuple[int | None, str]:
        socket = await visit(session, address)
        await socket.send_json(CAMERA)
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_str(message if isinstance(message, str) else json.dumps(message))
        while True:
            heard = await socket.receive(timeout=30)
            if heard.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                return socket.close_code, str(heard.extra or "")

    async def talk(address: str) -> None:
        async with client() as session:
            for name, message, code in _cases():
                assert (await tell(session, address, message))[0] == code, name
            socket = await visit(session, address)
            await socket.send_json(CAMERA)
            await socket.send_bytes(frame(1))
            assert (await _told(socket, "painted"))[0] == 1

    with served() as server:
        asyncio.run(talk(server.address))


def test_more_messages_than_any_page_sends_end_the_visit() -> None:
    async def talk(address: str) -> int | None:
        async with client() as session:
            socket = await visit(session, address)
            for _ in range(200):
                await socket.send_json(WISH)
            while not socket.closed:
                await socket.receive(timeout=30)
            return socket.close_code

    with served() as server:
        assert asyncio.run(talk(server.address)) == 1008


def test_a_place_is_free_again_when_a_page_has_gone_without_a_word() -> None:
    sessions: list[weakref.ref[Negative]] = []

    def negative() -> Negative:
        made = Negative(0.01)
        sessions.append(weakref.ref(made))
        return made

    async def talk(address: str) -> None:
        async with client() as session:
            first = await visit(session, address)
            await first.send_json(CAMERA)
            await first.send_bytes(frame(1))
            refused = await visit(session, address)
            assert refused.closed
            assert refused.close_code == 4000
            first._response.connection.transport.abort()  # as a browser that is killed
            deadline = monotonic() + 30
            while True:
                again = await visit(session, address)
                if not again.closed:
                    return
                assert monotonic() < deadline
                await asyncio.sleep(0.02)

    with served(most=1, session=negative) as server:
        assert server._loop is not None
        tasks = len(asyncio.all_tasks(server._loop))
        asyncio.run(talk(server.address))
        deadline = monotonic() + 30
        while server.status.visitors and monotonic() < deadline:
            sleep(0.02)
        assert server.status.visitors == 0
        while len(asyncio.all_tasks(server._loop)) > tasks:
            assert monotonic() < deadline
            sleep(0.02)
    gc.collect()
    assert [made() for made in sessions] == [None] * len(sessions)


class _Broken(Negative):
    def paint(self, picture: Any, time: float, *, source: Any = None) -> Any:
        raise DeviceError("no memory for another frame")


def test_a_painter_that_fails_says_so_to_the_visitor() -> None:
    async def talk(address: str) -> tuple[int | None, str]:
        async with client() as session:
            socket = await visit(session, address)
            await socket.send_json(CAMERA)
            await socket.send_bytes(frame(1))
            while True:
                heard = await socket.receive(timeout=30)
                if heard.type == aiohttp.WSMsgType.CLOSE:
                    return heard.data, heard.extra

    with served(session=_Broken) as server:
        assert asyncio.run(talk(server.address)) == (1011, "no memory for another frame")


class _Clock:
    """A camera of 50 frames/s that shows a frame's number as its grey."""

    def newest(self) -> Shot:
        number = int(monotonic() * 50)
        return Shot(np.full((48, 64, 3), number % 200, np.uint8), number, number / 50)


def test_the_servers_camera_waits_for_the_page_and_never_runs_ahead() -> None:
    async def talk(address: str) -> list[tuple[int, float]]:
        async with client() as session:
            socket = await visit(session, address)
            await socket.send_json({"type": "watch", "width": 64, "height": 48})
            found = []
            for _ in range(6):
                number, shown = await _told(socket, "painted")
                found.append((number, 255 - float(shown[30:, 30:].mean())))
                await asyncio.sleep(0.1)  # a slow page
                await socket.send_json({"type": "shown", "number": number})
            return found

    with served(camera=_Clock()) as server:
        found = asyncio.run(talk(server.address))
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] - numbers[0] > 10  # frames between were left out
    assert all(abs(grey - number % 200) < 3 for number, grey in found)


@pytest.mark.parametrize("visitors", [0, 2])
def test_the_server_ends_within_a_second(visitors: int) -> None:
    async def talk(address: str, close: Any) -> list[int | None]:
        async with client() as session:
            sockets = [await visit(session, address) for _ in range(visitors)]
            for socket in sockets:
                await socket.send_json(CAMERA)
                await socket.send_bytes(frame(1))
                await _told(socket, "painted")
            await asyncio.to_thread(close)
            return [(await socket.receive(timeout=30)).data for socket in sockets]

    with served(session=lambda: Negative(0.1)) as server:
        began = monotonic()
        assert asyncio.run(talk(server.address, server.close)) == [1001] * visitors
        assert monotonic() - began < 5 + 0.2 * visitors  # aiohttp would wait a minute


def test_two_hundred_pages_opened_and_dropped_leave_a_server_that_paints() -> None:
    async def talk(address: str) -> int:
        async with client() as session:
            for number in range(200):
                socket = await visit(session, address)
                if not socket.closed:  # there was a place
                    await socket.send_json(CAMERA)
                    await socket.send_bytes(frame(number))
                if socket._response.connection is not None:
                    socket._response.connection.transport.abort()
            deadline = monotonic() + 5
            while (socket := await visit(session, address)).closed:
                assert monotonic() < deadline
                await asyncio.sleep(0.02)
            await socket.send_json(CAMERA)
            await socket.send_bytes(frame(1))
            return (await _told(socket, "painted"))[0]

    with served() as server:
        assert asyncio.run(talk(server.address)) == 1
