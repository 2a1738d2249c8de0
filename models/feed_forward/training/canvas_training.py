"""Training the painter with a canvas by perceptual loss (Johnson et al. 2016, section 3).

Both inputs move together, and the painting has to move with them: see `canvas_scenes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.canvas import Field
from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.feed_forward.shape import STRIDE, CanvasNetConfig
from stylize_video.models.feed_forward.training.bare_loss import bare_loss, least_energies
from stylize_video.models.feed_forward.training.canvas_objectives import (
    CONTENT_LAYERS,
    lost_structure,
    pressure,
    style_distance_in_windows,
)
from stylize_video.models.feed_forward.training.canvas_scenes import Scenes, random_scenes
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.feed_forward.training.rim_loss import rim_loss
from stylize_video.models.feed_forward.training.weave_loss import weave_loss
from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.colours import colour_distance, palettes
from stylize_video.models.perceptual.style_targets import roughness, style_targets
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.training import checkpoint, views
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.trainer import Loss, Trainer, warm_then_cosine
from stylize_video.pictures.pictures import Picture


class CanvasTrainer(Trainer[Scenes]):
    """A run of this training."""

    config: CanvasTrainingConfig

    def __init__(
        self,
        paintings: Sequence[Picture],
        photographs: PhotographSet,
        config: CanvasTrainingConfig,
        *,
        shape: CanvasNetConfig | None = None,
        start: StyledNet | None = None,
        device: str = "cpu",
    ) -> None:
        """Prepare.

        Args:
            paintings: one for each style, (H, W, 3) uint8 RGB.
            photographs: to learn on.
            config: everything else.
            shape: of a network from nothing.
            start: a network to go on from, with a style for each painting; its kind and shape are taken.
            device: where to train.
        """
        if start is None and config.styles_alone:
            raise ValueError("scales and shifts alone can't be learned from nothing")
        self.shape = start.config if start else replace(shape or CanvasNetConfig(), styles=len(paintings))
        if self.shape.styles != len(paintings):
            raise ValueError(f"{len(paintings)} paintings for a network of {self.shape.styles} styles")
        if config.crop % STRIDE:
            raise ValueError(f"{config.crop = } must be a multiple of {STRIDE}")
        where = torch.device(device)
        self.photographs = photographs
        self.field = Field.draw(config.seed)
        self.features = load_features("vgg16").to(where).to(memory_format=torch.channels_last)
        self.grams = style_targets(paintings, config.style_size, self.features)
        self.palettes = palettes(paintings, config.style_size).to(where)
        self.roughness = roughness(paintings, config.style_size).to(where)
        self.least = least_energies(paintings, config.style_size).to(where)
        self.network = _begun(self.shape, start, config.seed).to(where).to(memory_format=torch.channels_last)
        pictures = (*paintings, *photographs.training)
        identity = {
            "config": asdict(config),
            "shape": asdict(self.shape),
            "inputs": checkpoint.fingerprint(pictures, self.network.state_dict()),
        }
        learned = self._learned(config)
        optimizer = torch.optim.Adam(_groups(self.network, learned, config.style_rate), betas=(0.9, 0.99))
        super().__init__(config, {"network": self.network}, optimizer, learned, identity, where)

    def _learned(self, config: CanvasTrainingConfig) -> dict[str, torch.nn.Parameter]:
        """What is learned, by name; what isn't takes no gradient."""
        own = self.network.style_parameters()
        learned = own if config.styles_alone else dict(self.network.named_parameters())
        self.network.requires_grad_(False)
        for parameter in learned.values():
            parameter.requires_grad_(True)
        return learned

    def material(self, step: int) -> Scenes:
        """See `Trainer`."""
        rng = np.random.default_rng([self.config.seed, step])
        size = self.config.crop + 2 * views.MARGIN
        crops = self.photographs.crops(rng, count=self.config.batch_size, size=size)
        config = self.config
        return random_scenes(
            crops, self.field, rng, redrawn=config.redrawn, bent=config.bent, filmed=config.filmed
        )

    def result(self) -> StyledNet:
        """The painter with the averaged weights, on the CPU."""
        network = self.shape.network()
        state = {**self.network.state_dict(), **self.average}
        network.load_state_dict({name: value.cpu() for name, value in state.items()})
        return network.eval()

    def learning_rate(self, step: int) -> float:
        """See `Trainer`."""
        warm_up = max(1, round(self.config.steps * self.config.warm_up))
        return self.config.learning_rate * warm_then_cosine(step, self.config.steps, warm_up=warm_up)

    def losses(self, material: Scenes) -> Mapping[str, Loss]:
        """What is lost of the photograph's structure, distances of style and colours, and what is not steady.

        Judged is the mean of both paintings, the second carried back to the first: strokes that don't move
        with the scene blur in it, and so does whatever sensor noise moves.
        """
        config, chosen = self.config, self.styles_of(self.step)
        with torch.no_grad():
            wanted = self.features(self._there(material.clean), CONTENT_LAYERS)  # noise is no content
        images = self._there(torch.cat([material.first, material.second]))
        noise = self._there(torch.cat([material.canvas_of_first, material.canvas_of_second]))
        style = F.one_hot(chosen, self.shape.styles).float()
        painted, second = self.network(images, noise, style.repeat(2, 1)).float().split(len(chosen))
        visible = material.visible().to(self.device)
        carried = views.sample(second, material.flow.to(self.device))
        mean = (painted + torch.where(visible > 0, carried, painted)) / 2
        found = self.features(mean.contiguous(memory_format=torch.channels_last), losses.STYLE_LAYERS)
        grams = {name: gram[chosen] for name, gram in self.grams.items()}
        distance = style_distance_in_windows(found, grams, config.quarter_weight)
        moved = losses.consistency(carried, painted, visible, self.roughness[chosen])
        found_losses = {
            "lost structure": Loss(lost_structure(found, wanted), config.content_weight),
            "style": Loss(distance, config.style_weight * pressure(distance, config.style_goal)),
            "colour": Loss(colour_distance(mean, self.palettes[chosen]), config.colour_weight),
            "total variation": Loss(losses.total_variation(mean), config.tv_weight),
            "consistency": Loss(moved, config.consistency_weight),
        }
        if config.weave_weight:
            found_losses["weave"] = Loss(weave_loss(painted), config.weave_weight)
        if config.bare_weight:
            found_losses["bare canvas"] = Loss(bare_loss(mean, self.least[chosen]), config.bare_weight)
        if config.rim_weight:
            found_losses["rims"] = Loss(rim_loss(mean, self._there(material.clean)), config.rim_weight)
        return found_losses

    def styles_of(self, step: int) -> Tensor:
        """(N,) which style each photograph of a step is painted in."""
        count, seed = self.config.batch_size, self.config.seed
        chosen = styles_in_turn(step, count, self.shape.styles, seed=seed)
        return torch.tensor(chosen, device=self.device)

    def _there(self, pictures: Tensor) -> Tensor:
        return pictures.to(self.device).contiguous(memory_format=torch.channels_last)


def _begun(shape: CanvasNetConfig, start: StyledNet | None, seed: int) -> StyledNet:
    with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
        torch.manual_seed(seed)
        network = shape.network()
    if start is not None:
        network.load_state_dict(start.state_dict())
    return network


def _groups(network: StyledNet, learned: Mapping[str, Tensor], style_rate: float) -> list[dict[str, object]]:
    """For the optimizer: convolutions, and scales and shifts, which learn faster."""
    own = network.style_parameters()
    shared = [value for name, value in learned.items() if name not in own]
    styles = [value for name, value in learned.items() if name in own]
    groups = ((shared, 1.0), (styles, style_rate))
    return [{"params": values, "times": times} for values, times in groups if values]


def styles_in_turn(step: int, count: int, styles: int, *, seed: int) -> list[int]:
    """Which style each of a step's `count` photographs is painted in: all equally often, shuffled."""
    turns = range(step * count, (step + 1) * count)
    rounds = {turn // styles for turn in turns}
    order = {r: np.random.default_rng([seed, r, 1]).permutation(styles) for r in rounds}
    return [int(order[turn // styles][turn % styles]) for turn in turns]
