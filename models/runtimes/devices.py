"""Where the networks run. Needs no torch until a device is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylize_video.errors import DeviceError, UsageError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def check_device(name: str) -> None:
    """See whether there is such a kind of device at all.

    Raises:
        UsageError: there is not.
    """
    if name not in DEVICES:
        raise UsageError(f"no device called {name!r}; there are: {', '.join(DEVICES)}")


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" takes the fastest there is.

    Raises:
        UsageError: no such name.
        DeviceError: this machine has none.
    """
    check_device(name)
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if not there[name]:
        raise DeviceError(f"no {name} device on this machine; use `device` cpu or auto")
    return torch.device(name)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster there than float32: on GPUs, and on CPUs that multiply it (AMX, AVX-512)."""
    import torch

    if device.type == "cpu":
        asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # private, so they may go
        return any(there() for name in asked if (there := getattr(torch.cpu, name, None)))
    return device.type == "cuda"


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch's says that a device has too little memory; several classes do."""
    import torch

    text = str(error)
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in text or "ALLOC_FAILED" in text
