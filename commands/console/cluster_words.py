"""What is said of a cluster's workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.cluster.population import Figures


def worked(figures: Sequence[Figures]) -> Iterator[str]:
    """What each worker did, and how fast."""
    for number, each in enumerate(figures, 1):
        rate = f", {each.frames / each.busy:.1f} frames/s" if each.busy and each.frames else ""
        yield f"worker {number} on {each.machine}: {each.frames:,} frames in {each.busy:.1f} s{rate}"


def as_json(figures: Sequence[Figures]) -> dict[str, Any]:
    """The same, beside what else is told; nothing where there were none."""
    return {"workers": [asdict(each) for each in figures]} if figures else {}
