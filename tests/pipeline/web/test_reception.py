"""Who gets an answer: by name, origin, token and method; what the answers say to browsers."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from stylize_video.errors import InputError, OutputError, UsageError
from stylize_video.pipeline.web import assets
from stylize_video.pipeline.web.place import Place
from stylize_video.pipeline.web.server import WebServer
from tests.pipeline.web._served import client, origin, served, visit


async def _status(address: str, path: str = "", **headers: str) -> tuple[int, str]:
    async with (
        client() as session,
        session.get(f"{address}{path}", headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text()


def test_the_page_is_whole_and_loads_nothing_from_elsewhere() -> None:
    async def fetch(address: str) -> None:
        async with client() as session:
            for name, asset in assets.load().items():
                async with session.get(f"{address}{name}") as answer:
                    assert answer.status == 200, name
                    assert await answer.read() == asset.data
                    assert answer.content_type == asset.kind
                    policy = answer.headers["Content-Security-Policy"]
                    assert "default-src 'none'" in policy
                    assert "unsafe" not in policy
                    assert answer.headers["Referrer-Policy"] == "no-referrer"

    with served() as server:
        asyncio.run(fetch(server.address))
    for name, asset in assets.load().items():
        if asset.kind.startswith("text/"):
            text = asset.data.decode()
            assert "//www" not in text, name
            assert "http://" not in text, name
            assert "https://" not in text, name
            assert "<script>" not in text, name
            assert "style=" not in text, name


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("", {}, 200),
        ("", {"Host": "localhost:{port}"}, 200),
        ("", {"Host": "evil.example:{port}"}, 421),
        ("", {"Host": "127.0.0.1.evil.example"}, 421),
        ("", {"Host": ""}, 421),
        ("main.js", {"Origin": "https://evil.example"}, 403),
        ("main.js", {"Origin": "null"}, 403),
        ("live", {"Origin": "http://evil.example", "Upgrade": "websocket", "Connection": "Upgrade"}, 403),
        ("live", {"Upgrade": "websocket", "Connection": "Upgrade"}, 403),
        ("live", {"Origin": "http://127.0.0.1:{port}"}, 426),
        ("../server.py", {}, 404),
        ("%2e%2e/server.py", {}, 404),
        ("..%2f..%2fetc/passwd", {}, 404),
        ("thumbnails/", {}, 404),
    ],
)
def test_only_this_servers_own_page_gets_an_answer(path: str, headers: dict[str, str], status: int) -> None:
    with served() as server:
        port = server.address.split(":")[2].strip("/")
        given = {name: value.format(port=port) for name, value in headers.items()}
        assert asyncio.run(_status(server.address, path, **given))[0] == status


def test_elsewhere_than_on_loopback_the_address_has_a_token() -> None:
    assert Place.of("127.0.0.1", 0, None, None).token == ""
    assert Place.of("::1", 0, None, None).token == ""
    place = Place.of("0.0.0.0", 0, None, None)
    assert len(place.token) >= 22
    assert place.token != Place.of("0.0.0.0", 0, None, None).token
    assert not place.has_cameras

    async def ask(port: str) -> list[int]:
        base = f"http://127.0.0.1:{port}/"
        paths = ("", "main.js", "live", place.token[:-1] + "/", place.token, f"{place.token}/main.js")
        return [(await _status(base, path))[0] for path in paths]

    with served(place) as server:
        port = server.address.split(":")[2].split("/")[0]
        assert server.address.endswith(f":{port}/{place.token}/")
        assert asyncio.run(ask(port)) == [403, 403, 403, 403, 308, 200]


def test_names_of_a_place() -> None:
    own = socket.gethostname().lower()
    everywhere = Place("0.0.0.0", token="t")
    assert all(
        everywhere.is_called(name) for name in ("192.168.1.7", "fe80::1", "localhost", own, f"{own}.local")
    )
    assert not everywhere.is_called("evil.example")
    named = Place("studio.example", token="t")
    assert named.is_called("STUDIO.example")
    assert not named.is_called("127.0.0.1")
    assert Place("::1").address(80) == "http://[::1]:80/"


def test_a_port_in_use_is_one_line() -> None:
    with served() as first:
        port = int(first.address.split(":")[2].strip("/"))
        with (
            pytest.raises(
                OutputError, match=rf"^127.0.0.1:{port} is in use by another program; give another `port`$"
            ),
            served(Place(port=port)),
        ):
            pass
        assert asyncio.run(_status(first.address))[0] == 200


def test_an_address_of_another_machine_is_one_line() -> None:
    with pytest.raises(OutputError, match="can't be served"), served(Place("192.0.2.1", 0)):
        pass


def test_two_hundred_connections_that_ask_for_nothing_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylize_video.pipeline.web.server.PATIENCE", 0.3)

    async def crowd(server: WebServer) -> None:
        host, port = "127.0.0.1", int(server.address.split(":")[2].strip("/"))
        async with client() as session:
            visitor = await visit(session, server.address)
            silent = [await asyncio.open_connection(host, port) for _ in range(100)]
            for _ in range(100):  # dropped at once
                _, writer = await asyncio.open_connection(host, port)
                writer.write(b"GET / HT")
                writer.transport.abort()
            assert (await _status(server.address))[0] == 200
            for reader, writer in silent:
                assert await asyncio.wait_for(reader.read(), 15) == b""  # 20 s, usually
                writer.close()
            await visitor.send_json({"type": "camera", "width": 4, "height": 3})
            assert (await visitor.receive(timeout=30)).json()["type"] == "size"  # visits last

    with served() as server:
        asyncio.run(crowd(server))


def test_https_by_the_users_certificate(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    extra = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [*make.split(), *extra, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )

    async def ask(address: str) -> Any:
        context = ssl.create_default_context(cafile=certificate)
        async with (
            client(connector=aiohttp.TCPConnector(ssl=context)) as session,
            session.get(address) as answer,
            session.ws_connect(f"{address}live", origin=origin(address)) as socket,
        ):
            return answer.status, (await socket.receive()).json()["type"]

    with served(Place(port=0, certificate=certificate, key=key)) as server:
        assert server.address.startswith("https://")
        assert asyncio.run(ask(server.address)) == (200, "hello")
    with pytest.raises(UsageError, match="needs both"):
        Place(certificate=certificate)
    for other in (certificate, tmp_path / "missing.pem"):
        with (
            pytest.raises(InputError, match="not the PEM certificate"),
            served(Place(port=0, certificate=certificate, key=other)),
        ):
            pass
