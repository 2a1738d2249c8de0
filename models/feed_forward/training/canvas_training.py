"""Training the painter with a canvas by perceptual loss (Johnson et al. 2016, section 3).

Both inputs move together, and the painting has to move with them: see `canvas_scenes.py`. Reproducible as
`models/feed_forward/training/transform_training.py` is: all that a step draws comes from a generator
seeded by (seed, step).
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stylize_video.errors import TrainingError
from stylize_video.models.canvas import Field
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.feed_forward.training.canvas_objectives import (
    CONTENT_LAYERS,
    lost_structure,
    style_distance_in_windows,
)
from stylize_video.models.feed_forward.training.canvas_scenes import Scenes, random_scenes
from stylize_video.models.feed_forward.training.transform_training import styles_in_turn
from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.colours import colour_distance, palettes
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.perceptual.style_targets import roughness, style_targets
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.runtimes.devices import has_fast_bfloat16
from stylize_video.models.training import checkpoint, views
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.pictures.pictures import Picture

_AHEAD = 64  # steps whose scenes may wait


@dataclass(frozen=True)
class CanvasTrainingConfig:
    """Everything that decides the result, but for the paintings, the photographs and the start."""

    steps: int = 40000
    batch_size: int = 2
    crop: int = 208  # px
    learning_rate: float = 2e-3  # at its peak
    style_rate: float = 4.0  # times that for scales and shifts: each style's learn by its own pictures alone
    content_weight: float = 3.0
    style_weight: float = 8.0
    colour_weight: float = 3.0
    tv_weight: float = 0.02
    consistency_weight: float = 20.0
    style_size: int = MEASURED_SIZE  # px, the painting's longer side
    averaging: float = 0.999  # decay of the running mean of the weights, which is the result
    seed: int = 0
    held_out: int = 24  # photographs kept for measuring


@dataclass(frozen=True)
class Progress:
    """One step's losses, each without its weight."""

    step: int
    content: float  # what is lost of the photograph's structure, 0..1
    style: float
    colour: float
    total_variation: float
    consistency: float


class Trainer:
    """A training run that can be stopped and taken up again at any step."""

    def __init__(
        self,
        paintings: Sequence[Picture],
        photographs: PhotographSet,
        config: CanvasTrainingConfig,
        *,
        shape: CanvasNetConfig | None = None,
        start: Mapping[str, Tensor] | None = None,
        device: str = "cpu",
    ) -> None:
        """Prepare.

        Args:
            paintings: one for each style, (H, W, 3) uint8 RGB.
            photographs: to learn on.
            config: everything else.
            shape: of the network.
            start: its weights; None: random ones.
            device: where to train.
        """
        self.config = config
        self.shape = replace(shape or CanvasNetConfig(), styles=len(paintings))
        self.photographs = photographs
        self.device = torch.device(device)
        self.field = Field.draw(config.seed)
        self.features = load_features("vgg16").to(self.device).to(memory_format=torch.channels_last)
        self.grams = style_targets(paintings, config.style_size, self.features)
        self.palettes = palettes(paintings, config.style_size).to(self.device)
        self.roughness = roughness(paintings, config.style_size).to(self.device)
        self.network = self._network(start).to(self.device).to(memory_format=torch.channels_last)
        self.learned = dict(self.network.named_parameters())
        self.average = {name: value.detach().clone() for name, value in self.learned.items()}
        self.optimizer = self._optimizer()
        self.inputs = self._fingerprint(paintings)
        self.step = 0
        self.whole = True  # not in the middle of a step: a state that may be saved

    def _network(self, start: Mapping[str, Tensor] | None) -> CanvasNet:
        with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
            torch.manual_seed(self.config.seed)
            network = CanvasNet(self.shape)
        if start is not None:
            network.load_state_dict({name: value.float() for name, value in start.items()})
        return network

    def _optimizer(self) -> torch.optim.Adam:
        own = self.network.style_parameters()
        shared = [value for name, value in self.learned.items() if name not in own]
        rates = ((shared, 1.0), (list(own.values()), self.config.style_rate))
        groups = [{"params": values, "times": times} for values, times in rates]
        return torch.optim.Adam(groups, betas=(0.9, 0.99))

    def _fingerprint(self, paintings: Sequence[Picture]) -> str:
        """Of the pictures, so that no run goes on with another's."""
        digest = hashlib.sha256()
        for picture in (*paintings, *self.photographs.training):
            digest.update(repr(picture.shape).encode() + picture.tobytes())
        return digest.hexdigest()

    def run(self, *, workers: int = 0) -> Iterator[Progress]:
        """Train to the end, one step a turn; the same steps whatever the number of workers.

        Args:
            workers: threads that make the next steps' scenes meanwhile, for a GPU; 0: none.
        """
        if not workers:
            while self.step < self.config.steps:
                yield self._advance(self._scenes(self.step))
            return
        ahead = min(2 * workers, _AHEAD)
        with ThreadPoolExecutor(workers) as pool:
            steps = iter(range(self.step, self.config.steps))
            made = deque(pool.submit(self._scenes, step) for step in islice(steps, ahead))
            try:
                while made:
                    scenes = made.popleft().result()
                    made.extend(pool.submit(self._scenes, step) for step in islice(steps, 1))
                    yield self._advance(scenes)
            finally:
                pool.shutdown(cancel_futures=True)

    def _scenes(self, step: int) -> Scenes:
        """What a step learns on."""
        rng = np.random.default_rng([self.config.seed, step])
        size = self.config.crop + 2 * views.MARGIN
        crops = self.photographs.crops(rng, count=self.config.batch_size, size=size)
        return random_scenes(crops, self.field, rng)

    def result(self) -> CanvasNet:
        """The painter with the averaged weights, on the CPU."""
        network = CanvasNet(self.shape)
        network.load_state_dict({name: value.cpu() for name, value in self.average.items()})
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

    def _advance(self, seen: Scenes) -> Progress:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = group["times"] * learning_rate(self.step, config)
        # Gram matrices and losses stay in float32.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_fast_bfloat16(self.device)):
            content, style, colour, tv, consistency = self._losses(seen, self._styles_of_the_step())
        loss = (
            config.content_weight * content
            + config.style_weight * style
            + config.colour_weight * colour
            + config.tv_weight * tv
            + config.consistency_weight * consistency
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.learned.values(), 10.0)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise TrainingError(f"diverged at step {self.step + 1}; lower the learning rate or the weights")
        self.whole = False
        self.optimizer.step()
        self._average_weights()
        self.step += 1
        self.whole = True
        return Progress(self.step, content.item(), style.item(), colour.item(), tv.item(), consistency.item())

    def _styles_of_the_step(self) -> Tensor:
        """(N,) which style each photograph of the step is painted in."""
        config = self.config
        chosen = styles_in_turn(self.step, config.batch_size, self.shape.styles, seed=config.seed)
        return torch.tensor(chosen, device=self.device)

    def _losses(self, seen: Scenes, chosen: Tensor) -> tuple[Tensor, ...]:
        """Lost structure, distances of style and colours, total variation and consistency.

        Judged is the mean of both paintings, the second carried back to the first: strokes that don't move
        with the scene blur in it, and so does whatever sensor noise moves.

        Args:
            seen: photographs, N of them.
            chosen: (N,) which style each is painted in.
        """
        clean = seen.clean.to(self.device).contiguous(memory_format=torch.channels_last)
        style = torch.nn.functional.one_hot(chosen, self.shape.styles).float()
        with torch.no_grad():
            wanted = self.features(clean, CONTENT_LAYERS)  # noise is no content
        images = torch.cat([seen.first, seen.second]).to(self.device)
        noise = torch.cat([seen.canvas_of_first, seen.canvas_of_second]).to(self.device)
        images = images.contiguous(memory_format=torch.channels_last)
        noise = noise.contiguous(memory_format=torch.channels_last)
        painted, second = self.network(images, noise, style.repeat(2, 1)).float().split(len(chosen))
        visible = seen.visible().to(self.device)
        carried = views.sample(second, seen.flow.to(self.device))
        mean = (painted + torch.where(visible > 0, carried, painted)) / 2
        found = self.features(mean.contiguous(memory_format=torch.channels_last), losses.STYLE_LAYERS)
        return (
            lost_structure(found, wanted),
            style_distance_in_windows(found, {name: gram[chosen] for name, gram in self.grams.items()}),
            colour_distance(mean, self.palettes[chosen]),
            losses.total_variation(mean),
            losses.consistency(carried, painted, visible, self.roughness[chosen]),
        )

    def _average_weights(self) -> None:
        # A young run averages over fewer steps, else it would remember its random start.
        decay = min(self.config.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.learned.items():
                self.average[name].lerp_(value, 1 - decay)


def learning_rate(step: int, config: CanvasTrainingConfig) -> float:
    """Linear warm-up over a hundredth of the run, then a cosine down to a hundredth of the peak."""
    warm_up = max(1, config.steps // 100)
    if step < warm_up:
        return config.learning_rate * (step + 1) / warm_up
    turn = (step - warm_up) / max(1, config.steps - warm_up)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * turn)))
