"""What is not alike in two runs, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not as it was, for people."""
    return [
        _told(name, before.get(name), now.get(name))
        for name in {**now, **before}
        if before.get(name) != now.get(name)
    ]


def _told(name: str, before: Any, now: Any) -> str:
    if " " in name or name in ("weights", "looks"):
        return name
    was, is_now = ("left out" if value is None else value for value in (before, now))
    return f"`{name}` was {was}, now {is_now}" if name != "version" else f"version was {was}, now {is_now}"
