"""Operations that torch computes by kernels of its own, in terms of others; beside torch's own decompositions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

ATEN = torch.ops.aten


def addbmm(
    own: torch.Tensor, batch1: torch.Tensor, batch2: torch.Tensor, *, beta: float = 1, alpha: float = 1
) -> torch.Tensor:
    """beta self + alpha sum_b batch1_b batch2_b; with beta = 0 torch does not look at self."""
    products = torch.bmm(batch1, batch2).sum(0) * alpha
    return products if beta == 0 else products + own * beta


def pdist(own: torch.Tensor, p: float = 2.0) -> torch.Tensor:
    """|x_i - x_j|_p for all rows i < j, in the order of numpy's triu_indices."""
    first, second = torch.triu_indices(own.shape[0], own.shape[0], 1)
    distances: torch.Tensor = torch.linalg.vector_norm(
        own.index_select(0, first) - own.index_select(0, second), p, dim=1
    )
    return distances


COMPOSITIONS: Mapping[torch._ops.OpOverload, Callable[..., Any]] = {
    ATEN.addbmm.default: addbmm,
    ATEN._pdist_forward.default: pdist,
}
