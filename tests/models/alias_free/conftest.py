"""What the tests of the alias-free painter share."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def without_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With AVX-512 FP16, oneDNN takes minutes for a transposed convolution of halves."""
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
