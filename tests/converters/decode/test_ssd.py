"""The reference: the paper's formula and torchvision's BoxCoder, typed again in torch and float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from converters.decode.heads import SsdHead
from converters.decode.ssd import boxes_of_ssd
from tests.converters.decode.torch_heads import ssd


def by_definition(head: SsdHead, offsets: np.ndarray, classes: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Boxes as left, top, right, bottom in parts of the input, and all scores."""
    x, y, w, h = torch.tensor(head.priors).double().reshape(-1, 4).T
    dx, dy, dw, dh = torch.from_numpy(offsets).double().T
    weights = (10, 10, 5, 5)
    limit = float("inf") if head.exponent_limit is None else head.exponent_limit
    centre = torch.stack([dx / weights[0] * w + x, dy / weights[1] * h + y], 1)
    size = torch.stack([(dw / weights[2]).clamp(max=limit).exp() * w, (dh / weights[3]).clamp(max=limit).exp() * h], 1)
    corners = torch.cat([centre - size / 2, centre + size / 2], 1)
    scores = torch.from_numpy(classes).double()
    return corners.clamp(0, 1) if head.clip else corners, scores.softmax(1) if head.background else scores.sigmoid()


@pytest.mark.parametrize("softmax", [True, False])
@pytest.mark.parametrize(("clip", "limit"), [(True, 1.5), (False, 1.5), (False, None)])
def test_boxes_are_those_of_the_definition(softmax: bool, clip: bool, limit: float | None) -> None:
    head, rng = ssd(softmax=softmax, clip=clip, limit=limit), np.random.default_rng(1)
    offsets, classes = rng.normal(0, 4, (50, 4)).astype(np.float32), rng.normal(-1, 2, (50, 6)).astype(np.float32)
    boxes = boxes_of_ssd(head, offsets[None], classes[None], threshold=0.3)
    corners, scores = (one.numpy() for one in by_definition(head, offsets, classes))
    scores = np.where(scores > 0.3, scores, 0)
    if softmax:
        scores[:, 0] = 0
    chosen = scores.any(1)
    places = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1)
    np.testing.assert_allclose(boxes.places, places[chosen], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(boxes.scores, scores[chosen], rtol=1e-6)
    assert 10 < chosen.sum() < 50


def test_the_limit_is_one() -> None:
    offsets, classes = np.full((50, 4), 100, np.float32), np.full((50, 6), 9, np.float32)
    boxes = boxes_of_ssd(ssd(softmax=False, clip=False), offsets, classes, threshold=0.3)
    wanted = np.reshape(ssd().priors, (-1, 4))[:, 2:] * np.exp(1.5)
    np.testing.assert_allclose(boxes.places[:, 2:], wanted, rtol=1e-6)
