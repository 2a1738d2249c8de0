"""A training that can be stopped at any step and taken up again: what all trainers here have in common.

A trainer says what a step learns on, which losses it has, and what it learns; this makes the steps of it.
Reproducible: all that a step draws comes from generators seeded by (seed, step), and the learning rate is a
function of the step, so that a run that goes on from a checkpoint makes the same steps as one that was never
interrupted. The result is the running mean of the weights (Polyak & Juditsky 1992).
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from stylize_video.errors import TrainingError
from stylize_video.models.runtimes.devices import has_fast_bfloat16
from stylize_video.models.training import checkpoint

_AHEAD = 64  # steps whose material may wait
_LOWEST_RATE = 0.01  # of the peak, at the end

Material = TypeVar("Material")  # what a step learns on


class Config(Protocol):
    """What every training is told."""

    @property
    def steps(self) -> int:
        """How many are made in all."""
        ...

    @property
    def seed(self) -> int:
        """Of all that is drawn."""
        ...

    @property
    def averaging(self) -> float:
        """The decay of the running mean of the weights."""
        ...


class Loss(NamedTuple):
    """A term of what is minimised."""

    value: Tensor  # a scalar
    weight: float


@dataclass(frozen=True)
class Progress:
    """What a step's losses were, by name, each without its weight."""

    step: int
    losses: Mapping[str, float]


class Trainer(ABC, Generic[Material]):
    """A run of a training.

    Attributes:
        step: how many steps have been made.
        whole: whether this is no middle of a step, but a state that may be saved.
        average: the running mean of what is learned, by name.
    """

    largest_gradient = 10.0  # the norm of all gradients together is clipped to it

    def __init__(
        self,
        config: Config,
        modules: Mapping[str, nn.Module],
        optimizer: torch.optim.Optimizer,
        averaged: Mapping[str, Tensor],
        identity: Mapping[str, object],
        device: torch.device,
    ) -> None:
        """Prepare.

        Args:
            config: everything that decides the result, but for the files.
            modules: by name, what a checkpoint holds the tensors of.
            optimizer: of all that is learned; `times` of a group multiplies the learning rate, 1 where
                it isn't given.
            averaged: by name, the tensors whose running mean is the result.
            identity: what tells this run from another, as plain values.
            device: where it runs.
        """
        self.config = config
        self.modules = dict(modules)
        self.optimizer = optimizer
        self.averaged = dict(averaged)
        self.average = {name: value.detach().clone() for name, value in averaged.items()}
        self.identity = dict(identity)
        self.device = device
        self.step = 0
        self.whole = True

    @abstractmethod
    def material(self, step: int) -> Material:
        """What a step learns on: a function of the seed and the step alone, which any thread may call."""

    @abstractmethod
    def losses(self, material: Material) -> Mapping[str, Loss]:
        """What a step minimises the weighted sum of, by the names that progress has for them."""

    @abstractmethod
    def learning_rate(self, step: int) -> float:
        """Of a step."""

    def prepare_step(self) -> None:
        """Change what is to be changed before a step: by default, nothing."""

    def correct_gradients(self) -> None:
        """Change the gradients before a step is made of them: by default, not at all."""

    def run(self, *, workers: int = 0) -> Iterator[Progress]:
        """Train to the end, one step a turn; the same steps whatever the number of workers.

        Args:
            workers: threads that make the next steps' material meanwhile, for a GPU; 0: none.
        """
        if not workers:
            while self.step < self.config.steps:
                yield self.advance()
            return
        ahead = min(2 * workers, _AHEAD)
        with ThreadPoolExecutor(workers) as pool:
            steps = iter(range(self.step, self.config.steps))
            made = deque(pool.submit(self.material, step) for step in islice(steps, ahead))
            try:
                while made:
                    material = made.popleft().result()
                    made.extend(pool.submit(self.material, step) for step in islice(steps, 1))
                    yield self.advance(material)
            finally:
                pool.shutdown(cancel_futures=True)

    def advance(self, material: Material | None = None) -> Progress:
        """Make a step.

        Args:
            material: what it learns on, where that has been made already.

        Raises:
            TrainingError: the losses or their gradients are no numbers any more.
        """
        material = self.material(self.step) if material is None else material
        self.whole = False
        self.prepare_step()
        self.whole = True
        for group in self.optimizer.param_groups:
            group["lr"] = group.get("times", 1.0) * self.learning_rate(self.step)
        # Gram matrices and distances stay in float32.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_fast_bfloat16(self.device)):
            losses = self.losses(material)
        total = torch.stack([loss.weight * loss.value for loss in losses.values()]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        self.correct_gradients()
        learned = [value for group in self.optimizer.param_groups for value in group["params"]]
        norm = nn.utils.clip_grad_norm_(learned, self.largest_gradient)
        if not (torch.isfinite(total) and torch.isfinite(norm)):
            raise TrainingError(f"diverged at step {self.step + 1}; lower `learning_rate`")
        self.whole = False
        self.optimizer.step()
        self._average_weights()
        self.step += 1
        self.whole = True
        return Progress(self.step, {name: loss.value.item() for name, loss in losses.items()})

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all.

        Raises:
            TrainingError: it can't be written.
        """
        state = {
            **self.identity,
            "step": self.step,
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        checkpoint.write(path, state)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint that a run with the same settings left.

        Raises:
            TrainingError: the checkpoint is damaged or of a run with other settings.
        """
        state = checkpoint.read(path, self.identity)
        with checkpoint.fitting(path):
            for name, module in self.modules.items():
                module.load_state_dict(state["modules"][name])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average = checkpoint.like(self.average, state["average"])
            self.step = operator.index(state["step"])

    def _average_weights(self) -> None:
        # A young run averages over fewer steps, else it would remember its start.
        decay = min(self.config.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.averaged.items():
                self.average[name].lerp_(value, 1 - decay)


def warm_then_cosine(step: int, steps: int, *, warm_up: int) -> float:
    """A share of the peak's learning rate: a linear rise, then a cosine down to a hundredth of the peak.

    Args:
        step: from 0 to `steps` - 1.
        steps: in all.
        warm_up: steps of the rise, 1 at least.
    """
    if step < warm_up:
        return (step + 1) / warm_up
    done = (step - warm_up) / max(1, steps - warm_up)
    return _LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done))
