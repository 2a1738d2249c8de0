"""What finds motion, by the name that a user gives it. Needs no torch until it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylize_video.models.runtimes.devices import Device

if TYPE_CHECKING:
    from stylize_video.models.motion.composed_flow import FlowEstimator
    from stylize_video.models.motion.flow_estimation import MotionEstimator

DIS = "dis"


def between_neighbours(flow: str, device: Device, *, draft: bool = False) -> MotionEstimator:
    """For the stabiliser and canvases.

    Args:
        flow: the name.
        device: where a network runs.
        draft: whether it may be coarser, if only it is found sooner; a network's is what it is.

    Raises:
        WeightsError: the network can't be downloaded.
    """
    if flow == DIS:
        from stylize_video.models.motion.flow_estimation import DisMotion

        return DisMotion(coarse=draft)
    from stylize_video.models.motion.raft import RaftMotion  # brings torchvision

    return RaftMotion.load(device)


def for_long_ways(flow: str, device: Device) -> FlowEstimator:
    """For keyframes, whose paintings are carried over many frames.

    Raises:
        WeightsError: the network can't be downloaded.
    """
    from stylize_video.models.motion.composed_flow import MotionFlow, smooth_flow

    if flow == DIS:
        return smooth_flow
    from stylize_video.models.motion.raft import RaftMotion  # brings torchvision

    return MotionFlow(RaftMotion.load(device))
