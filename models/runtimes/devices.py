"""Where the networks run. Needs no torch, unless this machine may have a GPU."""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from stylize_video.errors import DeviceError, UsageError
from stylize_video.process import processor

DEVICES = ("auto", "cpu", "cuda", "mps")

# What the drivers of GPUs leave: NVIDIA's, within Windows' Linux, and AMD's, which torch calls CUDA too.
_TRACES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")

_VNNI, _AMX = ("avx512_vnni", "avx_vnni"), ("amx_bf16",)  # as Linux spells them


class Device(Protocol):
    """Where something is computed: what is asked of a `torch.device`, which is one."""

    @property
    def type(self) -> str:
        """As torch calls it: "cpu", "cuda" or "mps"."""
        ...


@dataclass(frozen=True)
class NamedDevice:
    """A device without torch."""

    type: str

    def __str__(self) -> str:
        return self.type


CPU = NamedDevice("cpu")


def check_device(name: str) -> None:
    """See whether there is such a kind of device at all.

    Raises:
        UsageError: there is not.
    """
    if name not in DEVICES:
        raise UsageError(f"no device called {name!r}; there are: {', '.join(DEVICES)}")


def choose_device(name: str) -> Device:
    """The device of that name; "auto" takes the fastest there is.

    torch is asked only for a GPU, and only where a driver has left a trace of one.

    Raises:
        UsageError: no such name.
        DeviceError: this machine has none.
    """
    check_device(name)
    if name == "cpu" or (name == "auto" and not may_have_gpu()):
        return CPU
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return NamedDevice(next(kind for kind, found in there.items() if found))
    if not there[name]:
        raise DeviceError(f"no {name} device on this machine; use `device` cpu or auto")
    return NamedDevice(name)


def may_have_gpu() -> bool:
    """Whether torch could find a GPU here; seen without it, for importing it takes a second or more."""
    if sys.platform == "darwin":
        return True
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    driver = _loads("nvcuda.dll") if sys.platform == "win32" else any(map(os.path.exists, _TRACES))
    return driver and b"+cpu" not in torch_version()


def torch_version() -> bytes:
    """What torch's own file says of its version, without importing it; nothing where there is none."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return b""
    try:
        return Path(spec.origin).with_name("version.py").read_bytes()
    except OSError:
        return b""


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def core_count() -> int:
    """How many threads computing takes: OMP_NUM_THREADS, else one for each of the process's real cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    return len({_siblings(number) for number in os.sched_getaffinity(0)})


def _siblings(number: int) -> str:
    """The processors that share a core with one, as the kernel lists them."""
    path = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
    try:
        return path.read_text("ascii")
    except OSError:
        return str(number)


def has_fast_bfloat16(device: Device) -> bool:
    """Whether bfloat16 is faster there than float32: on GPUs, and on CPUs that multiply it (AMX, AVX-512)."""
    import torch

    if device.type == "cpu":
        asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # private, so they may go
        return any(there() for name in asked if (there := getattr(torch.cpu, name, None)))
    return device.type == "cuda"


@cache
def has_fast_int8() -> bool:
    """Whether bytes are the fastest way to multiply on this CPU: it has VNNI, and no AMX.

    With AMX bfloat16 is fast enough, and nearer to float32.
    """
    flags = processor.flags()
    return not flags.isdisjoint(_VNNI) and flags.isdisjoint(_AMX)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch's says that a device has too little memory; several classes do."""
    text = str(error)
    if "out of memory" in text or "ALLOC_FAILED" in text:
        return True
    torch = sys.modules.get("torch")  # what never was imported has raised nothing
    return torch is not None and isinstance(error, torch.OutOfMemoryError)
