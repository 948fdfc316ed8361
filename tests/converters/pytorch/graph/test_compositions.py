"""Operations that torch computes by kernels of its own, against those kernels."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from converters.pytorch.graph.compositions import COMPOSITIONS, addbmm, pdist
from tests.converters.pytorch.judge import Beside, Calls, converted, images

LEFT, RIGHT, OWN = images(3, 2, 4), images(3, 4, 5, seed=1), images(2, 5, seed=2)


@pytest.mark.parametrize(("beta", "alpha"), [(1, 1), (2.0, 0.5), (-0.25, 3.0)])
def test_addbmm(beta: float, alpha: float) -> None:
    converted(Calls(lambda x, a, b: torch.addbmm(x, a, b, beta=beta, alpha=alpha)), OWN, LEFT, RIGHT)
    converted(Beside(lambda a, b: torch.addbmm(torch.ones(2, 5).to(a), a, b), RIGHT), LEFT)


def test_addbmm_looks_at_nothing_that_beta_takes_away() -> None:
    """torch: if beta is 0, the content of input will be ignored, and nan and inf in it will not be propagated."""
    broken = torch.full((2, 5), float("nan"))
    torch.testing.assert_close(addbmm(broken, LEFT, RIGHT, beta=0), torch.addbmm(broken, LEFT, RIGHT, beta=0))


@pytest.mark.parametrize("order", [0.0, 0.5, 1.0, 2.0, 3.0, float("inf")])
def test_pdist(order: float) -> None:
    rows = images(5, 3)
    rows[2, 1] = rows[4, 1]
    torch.testing.assert_close(pdist(rows, order), F.pdist(rows, order))
    converted(Calls(lambda x: F.pdist(x, order)), rows)


def test_no_composition_stands_in_the_way_of_one_of_torchs_own() -> None:
    from torch._decomp import decomposition_table

    assert not COMPOSITIONS.keys() & decomposition_table.keys()
