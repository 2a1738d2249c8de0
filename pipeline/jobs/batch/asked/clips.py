"""All that a batch is asked for, read: which films, and which settings for which of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
from stylize_video.pipeline.jobs.batch.asked.settings import Settings
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions


@dataclass(frozen=True)
class Clips:
    """Some films, and what is asked for them alone."""

    paths: tuple[str, ...]
    settings: Settings = field(default_factory=dict)
    output: str | None = None  # what its painting is called; None: as the film is


@dataclass(frozen=True)
class Asked:
    """All that a batch is asked for."""

    folder: Path  # of the paintings
    clips: tuple[Clips, ...]  # where several name a film, the last one's settings count
    options: BatchOptions
    common: Settings = field(default_factory=dict)  # of the job file, for all films
    typed: Settings = field(default_factory=dict)  # on the command line: they count more than all others
    inherits: bool = True  # whether settings that nobody asks for are those of the batch before
    cluster: ClusterOptions = field(default_factory=ClusterOptions)

    def with_watched(self) -> Asked:
        """The same, and what is in the folder that is watched."""
        if self.options.watch is None:
            return self
        return replace(self, clips=(Clips((str(self.options.watch),)), *self.clips))
