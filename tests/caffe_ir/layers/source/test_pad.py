from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Pad

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5))


@pytest.mark.parametrize(
    ("mode", "value"), [("constant", 2.5), ("reflect", 0.0), ("replicate", 0.0), ("circular", 0.0)]
)
def test_is_torchs(mode, value):
    layer = Pad(before=(0, 0, 1, 2), after=(0, 0, 3, 1), mode=mode, value=value)
    wanted = F.pad(torch.from_numpy(X), (2, 1, 1, 3), mode, value or None).numpy()
    (top,) = layer.forward([X], [])
    np.testing.assert_array_equal(top, wanted)
    assert layer.infer((X.shape,)) == (wanted.shape,)


def test_negative_margins_cut_as_torchs_do():
    (top,) = Pad(before=(0, 0, -1, 2), after=(0, 0, 0, -2)).forward([X], [])
    np.testing.assert_array_equal(top, F.pad(torch.from_numpy(X), (2, -2, -1, 0)).numpy())


@pytest.mark.parametrize(
    ("layer", "shape", "reason"),
    [
        (Pad(before=(0, 1), after=(0, 1)), (2, 3, 4), "it pads 2 axes"),
        (Pad(before=(0, 1), after=(0, 1), mode="reflect", value=1.0), (2, 3), "reflect takes no value"),
        (Pad(before=(0, 3), after=(0, 1), mode="reflect"), (2, 3), "cannot mirror 3"),
        (Pad(before=(0, 4), after=(0, 1), mode="circular"), (2, 3), "of a ring of 3"),
        (Pad(before=(0, -2), after=(0, -1)), (2, 3), "nothing is left"),
    ],
    ids=str,
)
def test_refuses(layer, shape, reason):
    with pytest.raises(ShapeError, match=reason):
        layer.infer((shape,))
