"""The suite polices itself: what a test leaves behind, or reaches out for, fails that test.

Warnings are errors and every test has a timeout (pyproject.toml). Here: no thread outlives its
test, nothing is logged as an error, the random generators are as they were, no network, and a test
marked `gpu` is skipped without CUDA, or fails if STYLIZE_VIDEO_REQUIRE_GPU=1 promises one.

Two workers run the tests (pytest-xdist), so each has a processor to itself: its networks use one thread.
"""

from __future__ import annotations

import importlib
import importlib.util
import ipaddress
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MODELS_KEPT = 32  # of some megabytes each
THREAD_GRACE_SECONDS = 3.0  # on a busy machine; only what leaks takes them

# Before torch is imported, and for the commands that tests start, too. Whatever the developer's shell says:
# with two threads sums are rounded otherwise, and what has to be the same to the bit is not.
os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# A hundred tests start the command; without this each would compile the whole package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers that only this file reads; take Ctrl-C and SIGHUP even in the background.

    A shell starts its background jobs with SIGINT ignored, `nohup` with SIGHUP, and children inherit that:
    the tests of signals would wait for one that never comes.
    """
    for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)  # Windows lacks the last
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, usual)
    config.addinivalue_line("markers", "error_logs: this test is expected to log errors")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs CUDA where there is none, unless there has to be."""
    if item.get_closest_marker("gpu") is None or _has_cuda():
        return
    if os.environ.get("STYLIZE_VIDEO_REQUIRE_GPU") == "1":
        pytest.fail("STYLIZE_VIDEO_REQUIRE_GPU=1, but there is no CUDA device", pytrace=False)
    pytest.skip("no CUDA device")


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a Python thread running, daemon or not, for more than three seconds."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_SECONDS
    leaked = set(threading.enumerate()) - before
    for thread in leaked:
        thread.join(max(0.0, deadline - time.monotonic()))
    names = sorted(thread.name for thread in leaked if thread.is_alive())
    if names:
        pytest.fail(f"threads left running: {', '.join(names)}", pytrace=False)


@pytest.fixture(autouse=True)
def _priority_restored() -> Iterator[None]:
    """Take back the real-time priority that SVT-AV1 gives to root's threads which make films for tests."""
    yield
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture(autouse=True)
def _random_state_restored() -> Iterator[None]:
    """Give every test the same random state, and the next test what was there before."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")  # never imported for this
    torch_state = torch.get_rng_state() if torch else None
    random.seed(0)
    np.random.seed(0)
    if torch:
        torch.manual_seed(0)
    yield
    random.setstate(python_state)
    np.random.set_state(numpy_state)
    if torch:
        torch.set_rng_state(torch_state)


class _ErrorRecords(logging.Handler):
    """Collects what is logged as an error; FFmpeg's own remarks on a damaged film don't count."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("libav"):
            self.messages.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _no_error_logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which something was logged as an error (marker `error_logs` allows it)."""
    handler = _ErrorRecords()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    if handler.messages and request.node.get_closest_marker("error_logs") is None:
        pytest.fail("logged as an error: " + "; ".join(handler.messages), pytrace=False)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the developer's shell don't reach the tests."""
    monkeypatch.delenv("STYLIZE_VIDEO_DEBUG", raising=False)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Load a program of benchmarks/ by name, as Python does when it is run, but without running it.

    They import one another by bare names, and so do others: pytest knows the repository's own package by the
    name of its folder, whatever that is. What had such a name is put aside until the test is over.
    """
    monkeypatch.syspath_prepend(BENCHMARKS)
    for path in BENCHMARKS.glob("*.py"):
        monkeypatch.setitem(sys.modules, path.stem, None)  # remembers what was there, if anything was
        del sys.modules[path.stem]
    return importlib.import_module


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Converted models go to a folder of this run, not to the developer's cache; all workers share it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(folder))
        yield


@pytest.fixture(autouse=True, scope="session")
def _compiled_models_read_once() -> Iterator[None]:
    """A compiled model of the cache is read once in a process, and not by each of a thousand painters anew.

    That takes a fifth of a second each time, a sixth of the suite's. Other bytes are another model.
    """
    if importlib.util.find_spec("stylize_video") is None:  # test_conftest.py takes this file elsewhere
        yield
        return
    from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime

    read, known = OpenVinoRuntime._imported, OrderedDict[object, Any]()

    def read_once(self: OpenVinoRuntime, data: bytes | None, settings: Mapping[str, object]) -> Any:
        key = data and (len(data), hash(data), repr(settings))
        if key not in known:
            known[key] = read(self, data, settings)
        known.move_to_end(key)
        while len(known) > MODELS_KEPT:
            known.popitem(last=False)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OpenVinoRuntime, "_imported", read_once)
        yield
    known.clear()


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Fail a test that opens a connection to anywhere but this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _only_local(getattr(socket.socket, name)))
        yield


def _only_local(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            pytest.fail(f"a test reached for the network: {address}", pytrace=True)
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
