"""What lies in a file beside the pictures that are painted, as its source knows it and a sink carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stylize_video.pipeline.carried.captions import Captions
from stylize_video.pipeline.carried.carrier import Carrier
from stylize_video.pipeline.clocks.timeline import Timeline
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.time_range import TimeRange


@dataclass(frozen=True)
class OtherStreams:
    """Where sound, subtitles and the rest are found, and which part of them belongs to the pictures.

    A source without any, such as a camera, has none of these.

    Attributes:
        path: the file.
        clip: the part of it that is kept.
        timeline: on which its times lie.
        film: index of the stream that is painted; None: the one that is most likely meant.
        captions: of the frames that are on their way from the source to the sink.
    """

    path: Path
    clip: TimeRange = field(default_factory=TimeRange)
    timeline: Timeline = field(default_factory=Timeline)
    film: int | None = None
    captions: Captions = field(default_factory=Captions, compare=False)

    def carrier(self, container: Container) -> Carrier:
        """Open the file for what is carried of it into a `container`.

        Raises:
            InputError: it can't be opened (any more).
        """
        return Carrier(self.path, container, self.clip, self.timeline, self.film)
