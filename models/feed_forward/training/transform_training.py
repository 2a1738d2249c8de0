"""Training a `TransformNet` by perceptual loss (Johnson et al. 2016, section 3).

Reproducible: each step draws its photographs from a generator seeded by (seed, step), and the
learning rate is a function of the step, so a run that goes on from a checkpoint makes the same steps
as one that was never interrupted.
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stylize_video.errors import TrainingError
from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.style_targets import roughness, style_targets
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.runtimes.devices import has_fast_bfloat16
from stylize_video.models.training import checkpoint, views
from stylize_video.models.training.config import TrainingConfig
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.transform_net.shape import TransformNetConfig
from stylize_video.models.transform_net.transform_net import TransformNet
from stylize_video.pictures.pictures import Picture


@dataclass(frozen=True)
class Progress:
    """One step's losses, each without its weight."""

    step: int
    content: float
    style: float
    total_variation: float
    consistency: float


class Trainer:
    """A training run that can be stopped and taken up again at any step."""

    def __init__(
        self,
        paintings: Sequence[Picture],
        photographs: PhotographSet,
        config: TrainingConfig,
        *,
        start: TransformNet | None = None,
        shape: TransformNetConfig | None = None,
        device: str = "cpu",
    ) -> None:
        """Prepare.

        Args:
            paintings: one for each style, (H, W, 3) uint8 RGB.
            photographs: to learn on.
            config: everything else.
            start: a network to go on from, with a style for each painting; its shape is taken. Without
                one, training starts from nothing.
            shape: of a network from nothing.
            device: where to train.
        """
        if start is None and not config.full:
            raise ValueError("scales and shifts alone can't be learned from nothing")
        self.config = config
        self.shape = start.config if start else replace(shape or TransformNetConfig(), styles=len(paintings))
        if self.shape.styles != len(paintings):
            raise ValueError(f"{len(paintings)} paintings for a network of {self.shape.styles} styles")
        self.photographs = photographs
        self.device = torch.device(device)
        self.features = load_features(config.features).to(self.device).to(memory_format=torch.channels_last)
        self.grams = style_targets(paintings, config.style_size, self.features)
        self.roughness = roughness(paintings, config.style_size).to(self.device)
        self.network = self._network(start).to(self.device).to(memory_format=torch.channels_last)
        learned = dict(self.network.named_parameters()) if config.full else self.network.style_parameters()
        self.network.requires_grad_(False)
        for parameter in learned.values():
            parameter.requires_grad_(True)
        self.learned = learned
        self.average = {name: value.detach().clone() for name, value in learned.items()}
        self.optimizer = torch.optim.Adam(learned.values())
        self.inputs = self._fingerprint(paintings)
        self.step = 0
        self.whole = True  # not in the middle of a step: a state that may be saved

    def _fingerprint(self, paintings: Sequence[Picture]) -> str:
        """Of all that decides the result beside the config, so that no run goes on with another's."""
        digest = hashlib.sha256()
        for picture in (*paintings, *self.photographs.training):
            digest.update(repr(picture.shape).encode() + picture.tobytes())
        for name, value in self.network.state_dict().items():
            digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _network(self, start: TransformNet | None) -> TransformNet:
        with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
            torch.manual_seed(self.config.seed)
            network = TransformNet(self.shape)
        if start is not None:
            network.load_state_dict(start.state_dict())
        return network

    def run(self) -> Iterator[Progress]:
        """Train to the end, one step a turn."""
        while self.step < self.config.steps:
            yield self._advance()

    def result(self) -> TransformNet:
        """The painter with the averaged weights, on the CPU."""
        network = TransformNet.empty(self.shape)
        state = {**self.network.state_dict(), **self.average}
        network.load_state_dict({name: value.cpu() for name, value in state.items()})
        return network.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all.

        Raises:
            TrainingError: it can't be written.
        """
        state = {
            **self._identity(),
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        checkpoint.write(path, state)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint that a run with the same settings left.

        Raises:
            TrainingError: the checkpoint is damaged or of a run with other settings.
        """
        state = checkpoint.read(path, self._identity())
        with checkpoint.fitting(path):
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average = checkpoint.like(self.average, state["average"])
            self.step = operator.index(state["step"])

    def _identity(self) -> dict[str, object]:
        return {"config": asdict(self.config), "shape": asdict(self.shape), "inputs": self.inputs}

    def _advance(self) -> Progress:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config)
        rng = np.random.default_rng([config.seed, self.step])
        size = config.crop + 2 * views.MARGIN
        crops = self.photographs.crops(rng, count=config.batch_size, size=size)
        seen = views.random_views(crops, rng, count=config.views)
        # Gram matrices and losses stay in float32.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_fast_bfloat16(self.device)):
            content, style, tv, consistency = self._losses(seen, self._styles_of_the_step())
        loss = (
            config.content_weight * content
            + config.style_weight * style
            + config.tv_weight * tv
            + config.consistency_weight * consistency
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.learned.values(), 10.0)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise TrainingError(f"diverged at step {self.step + 1}; lower `learning_rate` or the weights")
        self.whole = False
        self.optimizer.step()
        self._average_weights()
        self.step += 1
        self.whole = True
        return Progress(self.step, content.item(), style.item(), tv.item(), consistency.item())

    def _styles_of_the_step(self) -> Tensor:
        """(N,) which style each photograph of the step is painted in."""
        config = self.config
        chosen = styles_in_turn(self.step, config.batch_size, self.shape.styles, seed=config.seed)
        return torch.tensor(chosen, device=self.device)

    def _losses(self, seen: views.Views, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Content and style distance, total variation and consistency.

        What is judged is not a single painting but the mean of all views', carried back to the first: that
        is what a temporal filter makes of a film, and only strokes that move with the scene are left in it.

        Args:
            seen: photographs, N of them.
            chosen: (N,) which style each is painted in.
        """
        layer = losses.CONTENT_LAYER
        clean = seen.clean.to(self.device).contiguous(memory_format=torch.channels_last)
        style = torch.nn.functional.one_hot(chosen, self.shape.styles).float()
        with torch.no_grad():
            wanted = self.features(clean, [layer])[layer]  # noise is no content
        images = torch.cat([seen.first, *seen.others]).to(self.device)
        images = images.contiguous(memory_format=torch.channels_last)
        painted, *others = self.network(images, style.repeat(self.config.views, 1)).float().split(len(chosen))
        flows, visible = seen.flows.to(self.device), seen.visible().to(self.device)
        carried = [views.sample(other, flow) for other, flow in zip(others, flows, strict=True)]
        again = torch.stack([torch.where(v > 0, c, painted) for c, v in zip(carried, visible, strict=True)])
        mean = (painted + again.sum(0)) / self.config.views
        found = self.features(mean.contiguous(memory_format=torch.channels_last), losses.STYLE_LAYERS)
        pairs = zip(carried, visible, strict=True)
        return (
            losses.content_distance(found[layer], wanted),
            losses.style_distance(found, {name: gram[chosen] for name, gram in self.grams.items()}),
            losses.total_variation(mean),
            torch.stack([losses.consistency(c, painted, v, self.roughness[chosen]) for c, v in pairs]).mean(),
        )

    def _average_weights(self) -> None:
        # A young run averages over fewer steps, else it would remember its random start.
        decay = min(self.config.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.learned.items():
                self.average[name].lerp_(value, 1 - decay)


def styles_in_turn(step: int, count: int, styles: int, *, seed: int) -> list[int]:
    """Which style each of a step's `count` photographs is painted in: all equally often, shuffled."""
    turns = range(step * count, (step + 1) * count)
    rounds = {turn // styles for turn in turns}
    order = {r: np.random.default_rng([seed, r, 1]).permutation(styles) for r in rounds}
    return [int(order[turn // styles][turn % styles]) for turn in turns]


def learning_rate(step: int, config: TrainingConfig) -> float:
    """Linear warm-up over a twentieth of the run, then a cosine down to a hundredth of the peak."""
    warm_up = max(1, config.steps // 20)
    if step < warm_up:
        return config.learning_rate * (step + 1) / warm_up
    turn = (step - warm_up) / max(1, config.steps - warm_up)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * turn)))
