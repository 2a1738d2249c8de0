"""The fastest way to run a network on a device, and how much of it to do at a time.

Measured by `benchmarks/engines.py` on two cores: OpenVINO beats eager PyTorch, torch.compile and ONNX
Runtime on a CPU. There it computes in bfloat16 where the processor has AMX; in bytes where it has VNNI, and
the program's ranges are known; else in bfloat16 where it can, else in float32. NVIDIA's GPUs run PyTorch in
half precision unless asked to be exact, Apple's in single.
"""

from __future__ import annotations

from stylize_video.models.runtimes import devices
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.runtimes.program import Program, Runtime

_BATCH, _BATCH_PIXELS = 8, 8 * 1920 * 1080
_PAIR_PIXELS = 1920 * 1088  # of each


def fastest_runtime(program: Program, device: Device, *, exact: bool) -> tuple[Runtime, list[str]]:
    """What runs a program on a device, and what a user should know of that."""
    notes: list[str] = []
    if device.type == "cpu":
        try:
            from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime

            int8 = bool(program.ranges) and not exact and devices.has_fast_int8()
            return OpenVinoRuntime(program, exact=exact, int8=int8, threads=devices.core_count()), []
        except (ImportError, RuntimeError) as error:
            if getattr(error, "name", None) != "openvino":  # it is here, but broken; else there is no wheel
                notes.append(f"OpenVINO can't be used here ({error}); PyTorch paints, which is slower")
    from stylize_video.models.runtimes.torch_runtime import TorchRuntime

    return TorchRuntime(program, device, half=device.type == "cuda" and not exact), notes


def batch_size(device: Device, pixels: int, *, pairs: bool = False) -> int:
    """How many pictures of so many pixels to paint at a time.

    On a CPU one: more only keep the encoder waiting. On CUDA eight of 1080p, fewer if they are larger.

    Args:
        device: that paints.
        pixels: of a picture.
        pairs: on a CPU two, where there is a core for each and they are no larger than 1080p.
    """
    if device.type == "cuda":
        return max(1, min(_BATCH, _BATCH_PIXELS // pixels))
    both = pairs and device.type == "cpu" and devices.core_count() > 1 and pixels <= _PAIR_PIXELS
    return 2 if both else 1
