"""What decides a film's frames: where two runs are alike in it, one can go on for the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import stylize_video
from stylize_video.models import weights
from stylize_video.models.look import LookTimeline
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.stages import keyframe_store

# Of a request; where things lie decides nothing.
_ELSEWHERE = frozenset({"input", "output", "overwrite", "verify", "resume"})


def identity(request: PaintRequest, timeline: LookTimeline | None) -> dict[str, Any]:
    """What decides a film's frames, by its names, as JSON has it.

    Files are told by what they hold; of large ones parts are looked at, evenly spread.

    Raises:
        InputError: a file can't be read.
        UsageError: a style that can't be painted so.
    """
    made_with = [*(file for plan in request.plans() for file in plan.files), *request.look.masks]
    found = {
        "version": stylize_video.__version__,
        "the input film": keyframe_store.digest(request.source.input),
        "files of style and masks": _digest_of(made_with),
        "weights": hashlib.sha256(json.dumps(weights.manifest()).encode()).hexdigest(),
    }
    if timeline is not None:
        found["looks"] = repr([(str(time), look) for time, look in timeline.changes])
    settings = {name: value for name, value in request.to_json().items() if name not in _ELSEWHERE}
    return {**found, **settings}


def _digest_of(files: Iterable[Path]) -> list[str]:
    return sorted(keyframe_store.digest(path) for path in files if path.is_file())
