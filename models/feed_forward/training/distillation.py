"""A small painter learns to paint what a large one paints (Hinton et al. 2015, "Distilling the Knowledge").

No perceptual loss, so a step takes a sixth of the time. It is a start for the training by perceptual losses,
which brings back the brushwork that a mean over paintings blurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.feed_forward.training.canvas_scenes import Scenes
from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.training import checkpoint
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.trainer import Loss
from stylize_video.pictures.pictures import Picture


class DistillingTrainer(CanvasTrainer):
    """A run of this training."""

    def __init__(
        self,
        paintings: Sequence[Picture],
        photographs: PhotographSet,
        config: CanvasTrainingConfig,
        *,
        teacher: StyledNet,
        shape: CanvasNetConfig | None = None,
        start: StyledNet | None = None,
        device: str = "cpu",
    ) -> None:
        """Prepare.

        Args:
            paintings: see `CanvasTrainer`, as are the others.
            photographs: to learn on.
            config: everything else.
            teacher: has the same styles in the same order.
            shape: of a network from nothing.
            start: a network to go on from.
            device: where to train.
        """
        super().__init__(paintings, photographs, config, shape=shape, start=start, device=device)
        if teacher.config.styles != self.shape.styles:
            raise ValueError(f"a teacher of {teacher.config.styles} styles for {self.shape.styles}")
        self.identity["teacher"] = checkpoint.fingerprint((), teacher.state_dict())
        self.teacher = teacher.to(self.device).to(memory_format=torch.channels_last).eval()
        self.teacher.requires_grad_(False)

    def losses(self, material: Scenes) -> Mapping[str, Loss]:
        """How far the painting of the noisy view is from the teacher's of the clean one."""
        style = F.one_hot(self.styles_of(self.step), self.shape.styles).float()
        canvas = self._there(material.canvas_of_first)
        with torch.no_grad():
            wanted = self.teacher(self._there(material.clean), canvas, style).float()
        painted = self.network(self._there(material.first), canvas, style).float()
        return {"difference": Loss(_rounded_absolute(painted - wanted), 1.0)}


def _rounded_absolute(difference: Tensor) -> Tensor:
    """Mean absolute difference, rounded below a level (Charbonnier et al. 1994)."""
    return (difference.square() + (1 / 255) ** 2).sqrt().mean()
