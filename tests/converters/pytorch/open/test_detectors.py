from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch

from converters.decode.describing import Known
from converters.pytorch.open.detectors import known_of
from tests.converters.pytorch import detectors

SIZE = (detectors.HEIGHT, detectors.WIDTH)


def test_an_anchor_free_head_says_classes_and_bins() -> None:
    assert known_of(detectors.YoloV8(reg_max=8), SIZE) == Known(classes=5, bins=8)


def test_anchors_are_told_in_pixels() -> None:
    known = known_of(detectors.YoloV5(), SIZE)
    assert known.classes == 4
    np.testing.assert_allclose(known.anchors, detectors.ANCHORS, rtol=1e-6)


def test_an_ssd_says_priors_and_suppression() -> None:
    known = known_of(detectors.Ssd(), SIZE)
    assert known.nms is not None
    assert (known.nms.score_threshold, known.nms.threshold) == (0.3, 0.45)
    assert (known.nms.candidates, known.nms.most, known.nms.best_class) == (20, 30, False)
    assert known.variances == (0.1, 0.1, 0.2, 0.2)
    assert known.exponent_limit == pytest.approx(log(62.5))
    priors = np.reshape(known.priors, (-1, 4))
    assert len(priors) == 4 * (8 * 12 + 4 * 6)
    np.testing.assert_allclose(
        priors[:2], [[1 / 24, 1 / 16, 0.2, 0.2], [1 / 24, 1 / 16, 0.1**0.5, 0.1**0.5]], rtol=1e-6
    )
    np.testing.assert_allclose(priors[-1, :2], [11 / 12, 7 / 8], rtol=1e-6)


def test_the_priors_are_asked_for_in_eval_mode() -> None:
    """In training mode a BatchNorm counts its batch and refuses a single cell, as torchvision's SSDLite ends in one."""
    model, norm = detectors.Ssd().train(), torch.nn.BatchNorm2d(3)

    def look(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
        norm(inputs[0].mean((2, 3), keepdim=True))

    model.whole.backbone.norm = norm
    model.whole.backbone.register_forward_pre_hook(look)
    assert known_of(model, SIZE) == known_of(detectors.Ssd().eval(), SIZE)
    assert norm.training
    assert norm.num_batches_tracked == 0


def test_a_retinanet_says_the_priors_of_each_map() -> None:
    model = detectors.Whole()
    model.box_coder.weights = (1.0, 1.0, 1.0, 1.0)
    known = known_of(model, SIZE)
    assert known.nms is not None
    assert (known.nms.candidates, known.nms.most, known.level_candidates) == (None, 30, 20)
    assert (known.levels, known.variances) == ((4 * 8 * 12, 4 * 4 * 6), (1.0, 1.0, 1.0, 1.0))


@pytest.mark.parametrize("model", [torch.nn.Linear(2, 3), object()])
def test_other_models_say_nothing(model: object) -> None:
    assert known_of(model, SIZE) == Known()


def test_of_several_heads_the_last_one_speaks() -> None:
    both = torch.nn.Sequential(detectors.YoloV8(reg_max=8), detectors.YoloV8(reg_max=4))
    assert known_of(both, SIZE).bins == 4
