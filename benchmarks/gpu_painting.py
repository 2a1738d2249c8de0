"""Painting alone on a device, by size: frames/s, the device's memory, how alike to float32 on the CPU.

Needs torch, numpy, safetensors and OpenCV alone, so that it runs on a bare CUDA machine. Frames lie on the
device already, as bytes; batches are those of a film. Beside each size, the network as it comes from PyTorch
in float32, in the same run.

    python benchmarks/gpu_painting.py [--device cuda] [--sizes 640x360 1920x1080 3840x2160] [--seconds 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common import Goal, Report, parser, print_table
from likeness import psnr

if TYPE_CHECKING:
    import torch

STYLE = "kandinsky"
GOAL_SIZE, GOAL_RATE = "1920x1080", 1000.0  # frames/s on an H200
LIKE = 45.0  # dB (PSNR) of half precision against float32


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--device", default="cuda")
    made.add_argument("--sizes", nargs="+", default=["640x360", GOAL_SIZE, "3840x2160"])
    made.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    return made.parse_args()


def _rate(paint: Callable[[], Any], frames: int, device: torch.device, seconds: float) -> float:
    """Frames/s of a call that paints so many, after two to warm up."""
    for _ in range(2):
        paint()
    _wait(device)
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        paint()
        calls += 1
        _wait(device)
    return frames * calls / (time.perf_counter() - began)


def _wait(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _measure(size: str, device: torch.device, seconds: float) -> dict[str, float]:
    import torch

    from stylize_video.models.feed_forward import blank_canvas, engine, gallery
    from stylize_video.models.runtimes.fastest import batch_size
    from stylize_video.models.style_spec import parse
    from stylize_video.pictures.arrays import to_host

    width, height = map(int, size.split("x"))
    painter, plain = gallery.load(parse(STYLE)), blank_canvas.load(parse(STYLE))
    count = batch_size(device, width * height)
    torch.manual_seed(0)
    small = torch.rand(count, 3, height // 8, width // 8)
    images = torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)
    frames = (images * 255).round().to(torch.uint8)
    with torch.inference_mode():
        wanted = (plain.network(frames[:1].float() / 255, plain.style[None]) * 255).round()
        made = engine.open_engine(painter.parameters, device)
        canvases = [made.new_canvas(height, width)] * count
        there = frames.to(device).permute(0, 2, 3, 1).contiguous()  # as a film's frames lie
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        fast = _rate(lambda: made.paint(there, canvases, painter.style), count, device, seconds)
        memory = torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else 0.0
        painted = to_host(made.paint(there, canvases, painter.style)[:1])
        alike = psnr(painted.transpose(0, 3, 1, 2), wanted)
        network, style = plain.network.to(device), plain.style[None].to(device)
        single = there[:1].permute(0, 3, 1, 2).float() / 255
        slow = _rate(lambda: network(single, style), 1, device, seconds / 2)
    return {"batch": count, "rate": fast, "plain_rate": slow, "memory_gb": memory, "psnr_db": alike}


def main() -> int:
    """Measure; the exit code: 1 if a goal is missed."""
    given = _arguments()
    import torch

    device = torch.device(given.device)
    found = {size: _measure(size, device, given.seconds) for size in given.sizes}
    header = ("size", "batch", "frames/s", "PyTorch as it comes", "GB", "PSNR dB")
    print_table(header, [(size, *values.values()) for size, values in found.items()])
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    goals = [
        Goal(f"alike at {size}", values["psnr_db"], LIKE, at_least=True) for size, values in found.items()
    ]
    if "H200" in name and GOAL_SIZE in found:
        goals.append(
            Goal(f"painting alone at {GOAL_SIZE}", found[GOAL_SIZE]["rate"], GOAL_RATE, at_least=True)
        )
    return Report("gpu_painting", {"device": name, "sizes": found}, goals).finish(given.json)


if __name__ == "__main__":
    raise SystemExit(main())
