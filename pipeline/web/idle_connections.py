"""Connections that belong to no visit are closed soon: each takes one of a process's thousand descriptors."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from time import monotonic
from typing import Any

from aiohttp import web

PATIENCE = 20.0  # s; the page with its pictures is fetched in less, and a browser connects again for more


async def close_idle(runner: web.AppRunner, visitors: Collection[Any], patience: float = PATIENCE) -> None:
    """Look after a server's connections, until cancelled.

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
