"""Motion by RAFT: Teed and Deng 2020, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow".

The small network of torchvision, with the weights that it was trained to there. Finer than DIS, and slower
by far: what a GPU is for. Departure from the paper: frames are looked at in half their size, which costs a
fourth, for the flow is asked for in no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from stylize_video.models.motion.flow import Flow, FlowPair
from stylize_video.models.motion.flow_estimation import FramePyramid, Motion, resized, shrunk_by
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.weights.torchvision_weights import TorchvisionWeights

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_WEIGHTS = TorchvisionWeights("RAFT", "Raft_Small_Weights.C_T_V2", "use `flow` dis")

_SHRINK = 2  # times smaller than the frame are the pictures that RAFT sees; less for small frames
_LEAST = 128  # px a side: features are 8 times smaller, and of those halved thrice 2 px have to be left
_MOST = 960  # px of the longer side; the memory it takes grows with the fourth power
_WHOLE = 8  # px, whose multiples the sides have to be


class RaftMotion:
    """Motion by RAFT; a `MotionEstimator`.

    Args:
        network: takes two batches of pictures, (N, 3, h, w) in -1..1, and gives the flow from the first to
            the second as (N, 2, h, w) px, refined from one item of a list to the next.
        device: where it runs.
    """

    def __init__(self, network: nn.Module, device: Device) -> None:
        self._network = network.to(device.type).eval()
        self._device = device.type

    @classmethod
    def load(cls, device: Device) -> RaftMotion:
        """With torchvision's weights, which it downloads once (4 MB).

        Raises:
            WeightsError: no torchvision that works, or the weights can't be had.
        """
        state = _WEIGHTS.load()
        from torchvision.models.optical_flow import raft_small  # type: ignore[import-untyped]

        network = raft_small(weights=None)
        network.load_state_dict(state)
        return cls(network, device)

    def between(self, before: FramePyramid, now: FramePyramid) -> Motion:
        """See `MotionEstimator.between`."""
        (back,) = self._flows([now], [before])
        return Motion(resized(back, now.grey.shape), resized(back, now.finer.shape))

    def both_ways(self, this: FramePyramid, other: FramePyramid) -> FlowPair:
        """See `composed_flow.FindsBothWays.both_ways`."""
        flows = self._flows([this, other], [other, this])
        return FlowPair(*(resized(flow, this.grey.shape) for flow in flows))

    def _flows(self, these: Sequence[FramePyramid], others: Sequence[FramePyramid]) -> list[Flow]:
        """From each to its other one, (h, w, 2) px of what is seen."""
        first, second = (torch.cat([self._tensor(v.picture) for v in views]) for views in (these, others))
        with torch.inference_mode():
            found = self._network(first, second)[-1]  # (N, 2, h, w)
        return [np.ascontiguousarray(flow) for flow in found.float().permute(0, 2, 3, 1).cpu().numpy()]

    def _tensor(self, picture: Picture) -> Tensor:
        """What RAFT sees of a frame: (1, 3, h, w) in -1..1."""
        seen = _seen(picture)
        images = torch.from_numpy(seen).to(self._device).permute(2, 0, 1)[None]
        return images.float() / 127.5 - 1


def _seen(picture: Picture) -> Picture:
    """The part of a frame that its small picture shows (`FramePyramid.grey`), in RAFT's size."""
    times = shrunk_by(picture)
    height, width = (side // times * times for side in picture.shape[:2])
    size = _size(width, height)
    shrinks = size[0] * size[1] < width * height
    kernel = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture[:height, :width], size, interpolation=kernel), np.uint8)


def _size(width: int, height: int) -> tuple[int, int]:
    """Width and height that RAFT sees a frame in, px."""
    scale = min(max(1 / _SHRINK, _LEAST / min(width, height)), _MOST / max(width, height))
    across, down = (max(_LEAST, round(side * scale / _WHOLE) * _WHOLE) for side in (width, height))
    return across, down
