"""The alias-free painter's filters and curves: what they stop, let pass and fold back, against their design.

Of each filter the attenuation and the cutoff, in cycles a sample, by its response; how much a plane wave that
it should keep differs after up- and downsampling, and what is left of one that it should stop, in dB of its
power. Of each curve, alone and filtered, the energy that harmonics of waves up to 0.39 cycles a sample leave
where there are none below Nyquist, at worst.

    python benchmarks/filters.py [--json OUT]
"""

from __future__ import annotations

import math
import sys

import torch
from common import Goal, Report, parser, print_table
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.alias_free import activation, network
from stylize_video.models.alias_free.activation import CURVES
from stylize_video.models.alias_free.filtered import Filtered
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.folding import without_borders, worst_folded_db
from stylize_video.models.alias_free.resampling import Downsample, Upsample
from stylize_video.models.perceptual.equivariance import circular

DESIGNS = {
    "FEATURES": network.FEATURES,
    "PICTURE": network.PICTURE,
    "END": network.END,
    "AGAIN": activation.AGAIN,
}
CURVED = ("FEATURES",)  # around the curves
RESAMPLING = ("FEATURES", "PICTURE", "END")  # AGAIN is short: it bends what it keeps by 0.06 dB
_SIZE = 192  # px
_GOAL_CURVE, _GOAL_WAVE = -40.0, -60.0


def _db(some: Tensor, whole: Tensor) -> float:
    return 10 * math.log10(
        max(1e-20, (some.double().square().mean() / whole.double().square().mean()).item())
    )


def _wave(cycles: float, size: int = _SIZE) -> Tensor:
    across = torch.sin(2 * math.pi * round(cycles * size) * (torch.arange(size) + 0.5) / size)
    return across.expand(1, 1, size, size)


def kept_and_stopped(design: LowPass) -> tuple[float, float]:
    """Of waves that pass, up and down again, and of those that are stopped, downwards: the worst of each."""
    up, down = Upsample(1, design), Downsample(1, design)
    with circular(up), circular(down), torch.inference_mode():
        low = [_wave(cycles / _SIZE) for cycles in range(1, int(design.passes * _SIZE) + 1)]
        kept = max(_db(down(up(wave)) - wave, wave) for wave in low)
        highest = 1 - design.stops  # of the way to the fine grid's Nyquist
        high = [_wave((design.stops + highest * share) / 2, 384) for share in (0.05, 0.3, 0.6, 0.99)]
        return kept, max(_db(down(wave), wave) for wave in high)


def main() -> int:
    """Measure, print."""
    given = parser(__doc__).parse_args()
    filters = {
        name: (
            design.taps,
            design.designed_attenuation_db,
            design.measured_attenuation_db(),
            design.cutoff,
            design.measured_cutoff(),
            *kept_and_stopped(design),
        )
        for name, design in DESIGNS.items()
    }
    columns = (
        "filter",
        "taps",
        "designed dB",
        "stopped dB",
        "cutoff",
        "measured",
        "kept, dB off",
        "left, dB",
    )
    print_table(columns, [(name, *found) for name, found in filters.items()])
    curves = {
        f"{curve}, {name}": worst_folded_db(without_borders(Filtered(1, bend, DESIGNS[name])))
        for curve, bend in CURVES.items()
        for name in CURVED
    }
    curves |= {"ReLU, alone": worst_folded_db(F.relu), "smooth, alone": worst_folded_db(activation.smooth)}
    print_table(("curve", "folded back, dB"), list(curves.items()))
    goals = [
        Goal(f"smooth, {name}: folded back, dB", curves[f"smooth, {name}"], _GOAL_CURVE) for name in CURVED
    ]
    for name in RESAMPLING:
        goals += [Goal(f"{name}: kept, dB off", filters[name][5], _GOAL_WAVE)]
        goals += [Goal(f"{name}: left, dB", filters[name][6], _GOAL_WAVE)]
    return Report("filters", {"filters": filters, "curves": curves}, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
