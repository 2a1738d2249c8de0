"""What can be asked of a cluster. Needs no Ray."""

from __future__ import annotations

from dataclasses import dataclass

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.option import flag, flags, option

PANEL = "Several machines"
HERE = "auto"  # the address that stands for this machine's own Ray


@dataclass(frozen=True)
class ClusterOptions:
    """Which cluster, and what each of its workers may use. Checked when made.

    Raises:
        UsageError: a value out of its range, or options that don't go together.
    """

    ray: str | None = option(
        None,
        help="Paint by the workers of a Ray cluster: its address, such as 10.0.0.1:6379, or auto for the one "
        "that runs on this machine, else one for this run alone. Needs the extra ray: pip install "
        "'stylize-video[ray]' (docs/cluster.md).",
        panel=PANEL,
        metavar="auto|ADDRESS",
    )
    ray_workers: int | None = option(
        None,
        help="How many workers paint at once.",
        panel=PANEL,
        least=1,
        most=10_000,
        usual="as many as the cluster has room for",
        metavar="N",
    )
    cpus_per_worker: int | None = option(
        None,
        help="How many cores each worker computes with.",
        panel=PANEL,
        least=1,
        most=1024,
        usual="4, or all of the smallest machine",
        metavar="N",
    )
    gpus_per_worker: float | None = option(
        None,
        help="How much of a GPU each worker has; 0.5 lets two share one.",
        panel=PANEL,
        least=0,
        most=64,
        usual="1 where the cluster has GPUs, else 0",
        metavar="X",
    )

    def __post_init__(self) -> None:
        options.check(self)
        given = options.changed(self)
        if self.ray is None and given:
            raise UsageError(f"{flags(given)} of use with {flag('ray')} only; add it")
        if self.ray is not None and not self.ray.strip():
            raise UsageError(f"{flag('ray')} takes an address, or {HERE}")
        if self.ray is not None and "://" in self.ray:
            raise UsageError(
                f"{flag('ray')} {self.ray}: a machine takes part in a cluster by its plain address, HOST:PORT"
            )
