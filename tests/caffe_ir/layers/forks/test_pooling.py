from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.layers import CeilModePooling

X = np.random.default_rng(0).normal(size=(1, 2, 8, 9))


@pytest.mark.parametrize("ceil", [False, True])
def test_ceil_mode_is_torchs(ceil: bool) -> None:
    layer = CeilModePooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2), ceil_mode=ceil)
    wanted = functional.max_pool2d(torch.from_numpy(X), 3, 2, ceil_mode=ceil).numpy()
    assert np.array_equal(layer.forward([X], [])[0], wanted)


def test_it_is_spelled_by_its_own_field() -> None:
    layer = CeilModePooling.parsed({"kernel_size": 3, "stride": 2, "ceil_mode": False})
    assert layer.round_mode == "FLOOR"
    assert layer.spelled() == {"pool": "MAX", "kernel_size": 3, "stride": 2, "ceil_mode": False}
    for fields in ({"kernel_size": 3}, {"kernel_size": 3, "ceil_mode": True, "round_mode": "CEIL"}):
        with pytest.raises(ValueError, match="no ceil_mode, or a round_mode"):
            CeilModePooling.parsed(fields)
