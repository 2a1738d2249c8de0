"""A Ray cluster: joined, or started for this run alone, and left again."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from stylize_video.errors import DeviceError, UsageError
from stylize_video.models.runtimes.devices import core_count
from stylize_video.pipeline.jobs.cluster.options import HERE, ClusterOptions
from stylize_video.process import signals

_PATIENCE = 5.0  # s, for somebody to answer at an address
_USUAL_CPUS = 4  # of a worker; more make one painter faster, but by less and less
_STORE = 10**9  # bytes of Ray's object store, where it is started for this run; it needs a few films at most
_PREFIX, _RANDOM = "ray-", 8  # of its folder's name, and how many characters follow
_LONGEST = 36  # characters of that folder's path: Ray puts 67 behind it, and a socket's has 103 on macOS


class Share(NamedTuple):
    """What one worker has of its machine."""

    cpus: int
    gpus: float


class Room(NamedTuple):
    """What workers there can be."""

    share: Share
    workers: int  # at once


@contextmanager
def connected(options: ClusterOptions) -> Iterator[Any]:
    """The module `ray`, connected to the cluster; at the end all that was begun there has ended.

    Raises:
        UsageError: Ray is not installed, or the address is none.
        DeviceError: the cluster can't be joined.
    """
    ray = _imported()
    with ExitStack() as opened:
        starts = options.ray == HERE and not _runs_here(ray)
        folder = opened.enter_context(_folder()) if starts else None
        opened.callback(_leave, ray)
        with _own_signals():
            _join(ray, options, folder)
        yield ray


@contextmanager
def _folder() -> Iterator[str]:
    """For a Ray that is started for this run alone: its logs, its sockets, what its store has no room for."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_short_place()))
    signals.half_written(folder)
    try:
        yield str(folder)
    finally:
        signals.remove(folder)
        signals.whole(folder)


def _short_place() -> str:
    """Where a socket's name, of some 100 characters at most, has room for what Ray puts before it."""
    usual = tempfile.gettempdir()
    is_short = len(str(Path(usual, _PREFIX))) + _RANDOM <= _LONGEST
    return usual if is_short or not os.access("/tmp", os.W_OK) else "/tmp"


def _leave(ray: Any) -> None:
    with _own_signals():
        ray.shutdown()


def room(nodes: Sequence[Mapping[str, Any]], options: ClusterOptions) -> Room:
    """How many workers there are room for, and what each has.

    Args:
        nodes: as `ray.nodes` tells them.
        options: what is asked for.
    """
    resources = [node["Resources"] for node in nodes if node["Alive"]]
    cpus = [int(found.get("CPU", 0)) for found in resources if found.get("CPU", 0) >= 1]
    gpus = options.gpus_per_worker
    if gpus is None:
        gpus = 1.0 if any(found.get("GPU", 0) >= 1 for found in resources) else 0.0
    share = Share(options.cpus_per_worker or min([_USUAL_CPUS, *cpus]), gpus)
    fit = sum(_fitting(found, share) for found in resources)
    return Room(share, options.ray_workers or max(1, fit))


def _fitting(resources: Mapping[str, float], share: Share) -> int:
    """How many workers a machine has room for."""
    fit = int(resources.get("CPU", 0) // share.cpus)
    return min(fit, int(resources.get("GPU", 0) / share.gpus + 1e-9)) if share.gpus else fit


def _imported() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise UsageError("`ray` needs the package Ray; pip install 'stylize-video[ray]'") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    # What Ray says of workers that died goes to stdout otherwise, where an answer is awaited.
    worker: Any = importlib.import_module("ray._private.worker")
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_, **__: None
    return ray


def _join(ray: Any, options: ClusterOptions, folder: str | None) -> None:
    """Join a cluster, or start one with a folder of its own."""
    address = str(options.ray)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}
    if address != HERE:
        _see_that_it_answers(address)
    try:
        if folder is not None:
            ray.init(
                address="local",
                _temp_dir=folder,
                num_cpus=_cores(options),
                include_dashboard=False,
                object_store_memory=_STORE,
                **quiet,
            )
        else:
            ray.init(address=address, **quiet)
    except Exception as error:  # Ray raises whatever it likes
        reason = " ".join(str(error).split())[:300]
        raise DeviceError(
            f"`ray` {address}: can't take part in that cluster; this machine has to be one of it, "
            f"with the same token; see docs/cluster.md ({reason})"
        ) from error


def _cores(options: ClusterOptions) -> int:
    """Of this machine, for Ray: as many as the workers that are asked for take, else all."""
    if options.ray_workers is None:
        return core_count()
    return options.ray_workers * (options.cpus_per_worker or max(1, core_count() // options.ray_workers))


def _runs_here(ray: Any) -> bool:
    """Whether a cluster runs on this machine, or the environment names one."""
    if os.environ.get("RAY_ADDRESS"):
        return True
    services = importlib.import_module("ray._private.services")
    with suppress(Exception):
        return bool(services.find_gcs_addresses())
    return bool(ray.is_initialized())


def _see_that_it_answers(address: str) -> None:
    """At once, for Ray waits long, and may then end the process.

    Raises:
        UsageError: no address.
        DeviceError: nobody answers.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"`ray` {address!r} is no address; give HOST:PORT, such as 10.0.0.1:6379")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DeviceError(f"`ray` {address}: no cluster answers there ({reason})") from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself, and would end this process without a word."""
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in signals.HEARD} if main else {}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
