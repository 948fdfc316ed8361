from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.blob import Blob
from caffe_ir.tensors_behind import TensorsBehind


def test_the_shape_of_a_tensor_that_the_net_depends_on() -> None:
    behind = TensorsBehind(used={"fc.weight": Blob.of(np.zeros((3, 2)))})
    assert behind.shape("fc.weight") == (3, 2)
    with pytest.raises(KeyError):
        behind.shape("fc.bias")


def test_two_nets_share_none_of_it() -> None:
    first, second = TensorsBehind(), TensorsBehind()
    first.computed_from.add("w")
    assert second.computed_from == set()
