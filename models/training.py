"""Training a `TransformNet` by perceptual loss (Johnson et al. 2016, section 3).

Reproducible: each step draws its photographs from a generator seeded by (seed, step), and the
learning rate is a function of the step, so a run that goes on from a checkpoint makes the same steps
as one that was never interrupted.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stylize_video.errors import TrainingError
from stylize_video.models import losses
from stylize_video.models.photographs import (
    PhotographSet,
    Picture,
    resize_longer_side,
    to_tensor,
)
from stylize_video.models.training_config import MEASURED_SIZE, TrainingConfig
from stylize_video.models.transform_net import TransformNet, TransformNetConfig
from stylize_video.models.vgg import Vgg16

MAX_SHIFT = 16  # px, twice the network's grid

# What torch and the checks above it raise on a file that is no checkpoint of ours.
_DAMAGE = (
    OSError,
    RuntimeError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


@dataclass(frozen=True)
class Progress:
    """One step's losses, each without its weight."""

    step: int
    content: float
    style: float
    total_variation: float
    shift: float


class StyleTarget:
    """The Gram matrices of a painting, by layer."""

    def __init__(self, painting: Picture, size: int, features: Vgg16) -> None:
        """`painting` is (H, W, 3) uint8 RGB; `size` its longer side in px when looked at.

        Raises:
            TrainingError: the painting is too small to have a style.
        """
        looked_at = resize_longer_side(painting, size)
        if min(painting.shape[:2]) < 64 or min(looked_at.shape[:2]) < 32:
            height, width = painting.shape[:2]
            raise TrainingError(
                f"a painting of {width}x{height} px is too small or too narrow; give 64 or more"
            )
        image = to_tensor([looked_at]).to(features.mean.device)
        with torch.no_grad():
            found = features(image, losses.STYLE_LAYERS)
        self.grams = {layer: losses.gram_matrix(found[layer]) for layer in losses.STYLE_LAYERS}


class Trainer:
    """A training run that can be stopped and taken up again at any step."""

    def __init__(
        self,
        painting: Picture,
        photographs: PhotographSet,
        config: TrainingConfig,
        *,
        shape: TransformNetConfig | None = None,
        start: TransformNet | None = None,
        device: str = "cpu",
    ) -> None:
        """`start` is a network to go on from, whose shape is then taken; without, from nothing."""
        self.config = config
        self.shape = start.config if start else shape or TransformNetConfig()
        self.photographs = photographs
        self.device = torch.device(device)
        self.features = Vgg16.pretrained().to(self.device).to(memory_format=torch.channels_last)
        self.target = StyleTarget(painting, config.style_size, self.features)
        with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
            torch.manual_seed(config.seed)
            network = TransformNet(self.shape)
        if start is not None:
            network.load_state_dict(start.state_dict())
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.network.named_parameters()}
        self._style = torch.ones(1, 1, device=self.device)
        self.optimizer = torch.optim.Adam(self.network.parameters())
        self.step = 0

    def run(self) -> Iterator[Progress]:
        """Train to the end, one step a turn."""
        while self.step < self.config.steps:
            yield self._advance()

    def result(self) -> TransformNet:
        """The painter with the averaged weights, on the CPU."""
        network = TransformNet(self.shape)
        network.load_state_dict({k: v.cpu() for k, v in self.average.items()})
        return network.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        partial = path.with_name(path.name + ".part")
        torch.save(
            {
                "config": asdict(self.config),
                "shape": asdict(self.shape),
                "step": self.step,
                "network": self.network.state_dict(),
                "average": self.average,
                "optimizer": self.optimizer.state_dict(),
            },
            partial,
        )
        partial.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint that a run with the same settings left.

        Raises:
            TrainingError: the checkpoint is damaged or of a run with other settings.
        """
        try:
            state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
            settings = (state["config"], state["shape"])
            step, average = int(state["step"]), dict(state["average"])
            if settings == (asdict(self.config), asdict(self.shape)):
                self.network.load_state_dict(state["network"])
                self.optimizer.load_state_dict(state["optimizer"])
        except FileNotFoundError as error:
            raise TrainingError(f"{path}: no such checkpoint") from error
        except _DAMAGE as error:
            raise TrainingError(f"{path}: damaged checkpoint; delete it to start afresh") from error
        if settings != (asdict(self.config), asdict(self.shape)):
            raise TrainingError(f"{path}: checkpoint of a run with other settings; delete it to start afresh")
        self.step, self.average = step, average

    def _advance(self) -> Progress:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config)
        rng = np.random.default_rng([config.seed, self.step])
        across, down = (int(n) for n in rng.integers(0, MAX_SHIFT + 1, 2))
        photos = self.photographs.crops(rng, count=config.batch_size, size=config.crop + MAX_SHIFT)
        photos = photos.to(self.device)
        # bfloat16 halves a step on a CPU with AMX; Gram matrices and losses stay in float32.
        with torch.autocast(self.device.type, torch.bfloat16):
            content, style, tv, shift = self._losses(photos, across, down)
        loss = (
            config.content_weight * content
            + config.style_weight * style
            + config.tv_weight * tv
            + config.shift_weight * shift
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        self._average_weights()
        self.step += 1
        return Progress(self.step, content.item(), style.item(), tv.item(), shift.item())

    def _losses(self, photos: Tensor, across: int, down: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        layer, size = losses.CONTENT_LAYER, self.config.crop
        seen = photos[..., :size, :size].contiguous(memory_format=torch.channels_last)
        moved = photos[..., down : down + size, across : across + size]
        with torch.no_grad():
            wanted = self.features(seen, [layer])[layer]
        painted, shifted = self.network(torch.cat([seen, moved]), self._style).chunk(2)
        found = self.features(painted, losses.STYLE_LAYERS)
        return (
            losses.content_distance(found[layer], wanted),
            losses.style_distance(found, self.target.grams),
            losses.total_variation(painted),
            losses.shift_inconsistency(painted.float(), shifted.float(), across, down),
        )

    def _average_weights(self) -> None:
        # A young run averages over fewer steps, else it would remember its random start.
        decay = min(self.config.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.named_parameters():
                self.average[name].lerp_(value, 1 - decay)


def learning_rate(step: int, config: TrainingConfig) -> float:
    """Linear warm-up over a twentieth of the run, then a cosine down to a hundredth of the peak."""
    warm_up = max(1, config.steps // 20)
    if step < warm_up:
        return config.learning_rate * (step + 1) / warm_up
    turn = (step - warm_up) / max(1, config.steps - warm_up)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * turn)))


def measure(network: TransformNet, painting: Picture, photographs: Sequence[Picture]) -> tuple[float, float]:
    """Mean (style distance, content distance) over photographs, in float32 at `MEASURED_SIZE` px."""
    features = Vgg16.pretrained()
    target = StyleTarget(painting, MEASURED_SIZE, features)
    sums = np.zeros(2)
    with torch.no_grad():
        for photograph in photographs:
            photo = to_tensor([resize_longer_side(photograph, MEASURED_SIZE)])
            painted = network(photo, torch.ones(1, 1))
            found = features(painted, losses.STYLE_LAYERS)
            wanted = features(photo, [losses.CONTENT_LAYER])
            layer = losses.CONTENT_LAYER
            sums += (
                losses.style_distance(found, target.grams).item(),
                losses.content_distance(found[layer], wanted[layer]).item(),
            )
    style, content = sums / len(photographs)
    return float(style), float(content)
