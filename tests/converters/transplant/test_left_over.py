"""Layers and keys that are left, and what is reported of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from caffe_ir.errors import ConversionError
from converters.transplant import Map
from tests.converters.transplant.nets import (
    assert_same,
    bn,
    conv,
    data,
    seeded,
    transplanted,
)


def test_every_layer_and_key_that_is_left_is_told_at_once(tmp_path: Path) -> None:
    module = seeded(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 9, 1), nn.BatchNorm2d(7)))
    text = data(1, 3, 2, 2) + conv("a", "data", 4, 1) + conv("b", "a", 5, 1)
    with pytest.raises(ConversionError) as caught:
        transplanted(tmp_path, text, module)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 3
    assert "net.prototxt:3 Convolution: no module fills b" in told[0]
    assert told[1].startswith("no layer takes 1 (weight[9, 4, 1, 1] bias[9])")
    assert "no BatchNorm or Scale is left for it" in told[2]


def test_partial_leaves_them_and_says_so(tmp_path: Path) -> None:
    module = seeded(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 9, 1)))
    text = data(1, 3, 2, 2) + conv("a", "data", 4, 1) + conv("b", "a", 5, 1)
    done = transplanted(tmp_path, text, module, partial=True)
    assert done.unfilled == {"b"}
    assert done.left == {"1.weight": "", "1.bias": ""}


def test_what_the_map_says_is_unused_is_fine_and_what_is_unknown_is_told(tmp_path: Path) -> None:
    module = seeded(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)))
    text = data(1, 3, 2, 2) + conv("a", "data", 4, 1)
    done = transplanted(tmp_path, text, module, given=Map(unused=("1.*",)))
    assert set(done.left) == {"1.weight", "1.bias"}
    with pytest.raises(ConversionError, match="no key is called nothing"):
        transplanted(tmp_path, text, module, given=Map(unused=("1.*", "nothing")))
    with pytest.raises(ConversionError, match="1 layers take such weights, and 2 modules have them"):
        transplanted(tmp_path, text, module)
    with pytest.raises(ConversionError, match=r"a layer aa.*\n.*did you mean a\?\n.*a module 7"):
        transplanted(tmp_path, text, module, given=Map(layers={"aa": ("0",), "a": ("7",)}))


def test_global_stats_that_are_not_used_are_told(tmp_path: Path) -> None:
    module = seeded(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)))
    text = (data(1, 3, 2, 2) + conv("c", "data", 4, 1) + bn("n", "c")).replace("stats: true", "stats: false")
    assert "use_global_stats is false" in str(transplanted(tmp_path, text, module).net.notes[0])


def test_half_precision_is_converted_and_told(tmp_path: Path) -> None:
    module = seeded(nn.Sequential(nn.Conv2d(3, 4, 1))).half()
    done = transplanted(tmp_path, data(1, 3, 2, 2) + conv("c", "data", 4, 1), module)
    assert "2 tensors of float16 are written as float32" in str(done.net.notes[0])
    assert_same(done, module, 1, 3, 2, 2)
