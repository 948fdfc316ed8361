"""A prototxt written by hand, with names of its own, for a module whose weights somebody else put into it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from converters.verify import Comparison, Source, caffe_files, source_of, verify
from converters.verify.foreign import is_foreign
from tests.caffe_ir.build import add, net_of

PROTOTXT = """
name: "by hand"
layer { name: "image" type: "Input" top: "image" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "c1" type: "Convolution" bottom: "image" top: "c1"
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "n1" type: "BatchNorm" bottom: "c1" top: "c1" batch_norm_param { use_global_stats: true eps: 1e-5 } }
layer { name: "s1" type: "Scale" bottom: "c1" top: "c1" scale_param { bias_term: true } }
layer { name: "r1" type: "ReLU" bottom: "c1" top: "c1" }
layer { name: "p1" type: "Pooling" bottom: "c1" top: "p1" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "score" type: "InnerProduct" bottom: "p1" top: "score" inner_product_param { num_output: 5 } }
layer { name: "prob" type: "Softmax" bottom: "score" top: "prob" }
"""


class Two(nn.Module):
    """A small classifier; with `both` it returns the pooled maps as well."""

    def __init__(self, *, both: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        norm = nn.BatchNorm2d(4)
        norm.running_mean, norm.running_var = torch.linspace(-1, 1, 4), torch.linspace(0.5, 2, 4)
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1), norm, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(64, 5)
        self.both = both

    def forward(self, x: torch.Tensor) -> object:
        maps = self.body(x)
        scores = self.head(maps.flatten(1)).softmax(1)
        return (scores, maps) if self.both else scores


@cache
def source(*, both: bool = False) -> tuple[Source, Net]:
    net = convert(Two(both=both).eval(), (torch.zeros(1, 3, 8, 8),))
    made = lower(net.copy(), CAFFE, Options())
    return source_of("a module", net, made), made


def filled(folder: Path, text: str = PROTOTXT) -> caffe_pb2.NetParameter:
    """The weights of the module under the names of the prototxt; writes both files."""
    state = {name: value.numpy() for name, value in Two().state_dict().items()}
    body = "body.1."
    stored = caffe_pb2.NetParameter()
    for name, arrays in {
        "c1": [state["body.0.weight"], state["body.0.bias"]],
        "n1": [state[body + "running_mean"], state[body + "running_var"], np.ones(1)],
        "s1": [state[body + "weight"], state[body + "bias"]],
        "score": [state["head.weight"], state["head.bias"]],
    }.items():
        layer = stored.layer.add(name=name)
        for array in arrays:
            layer.blobs.add(data=array.ravel().tolist()).shape.dim.extend(array.shape)
    (folder / "hand.prototxt").write_text(text)
    (folder / "hand.caffemodel").write_bytes(stored.SerializeToString())
    return stored


def compared(folder: Path, *, both: bool = False) -> Comparison:
    return verify(source(both=both)[0], caffe_files(folder / "hand.prototxt", folder / "hand.caffemodel"))


def test_what_computes_the_same_agrees_whatever_its_names(tmp_path) -> None:
    filled(tmp_path)
    found = compared(tmp_path)
    assert found.verdict == "agrees", found.faults
    assert len(found.values) == 1
    assert found.warnings[0].text.startswith(
        "the converter did not write this prototxt: its outputs alone are compared (prob for softmax), not its layers"
    )


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ('pool: MAX kernel_size: 2 stride: 2', 'pool: AVE kernel_size: 2 stride: 2'),
        ('type: "ReLU"', 'type: "TanH"'),
        ("eps: 1e-5", "eps: 1e-2"),
        ('layer { name: "r1" type: "ReLU" bottom: "c1" top: "c1" }\n', ""),
        ('type: "Softmax"', 'type: "Sigmoid"'),
    ],
)  # fmt: skip
def test_what_computes_something_else_differs(wrong, right, tmp_path) -> None:
    assert PROTOTXT.count(wrong) == 1
    filled(tmp_path, PROTOTXT.replace(wrong, right))
    found = compared(tmp_path)
    assert found.verdict == "differs"
    assert found.faults[0].layer == "prob"
    assert found.faults[0].text.startswith("the output prob is not what the source computes as softmax: it is off by")


def test_one_number_that_is_wrong_differs(tmp_path) -> None:
    stored = filled(tmp_path)
    stored.layer[0].blobs[0].data[5] += 0.01
    (tmp_path / "hand.caffemodel").write_bytes(stored.SerializeToString())
    assert compared(tmp_path).verdict == "differs"


def test_outputs_stand_for_those_of_their_size(tmp_path) -> None:
    maps = 'layer { name: "maps" type: "Power" bottom: "p1" top: "maps" }\nlayer { name: "score"'
    filled(tmp_path, PROTOTXT.replace('layer { name: "score"', maps))
    found = compared(tmp_path, both=True)
    assert found.verdict == "agrees", found.faults
    assert len(found.values) == 2
    alone = compared(tmp_path)
    assert alone.verdict == "agrees"
    assert "it has outputs that the source does not have: maps" in [warning.text for warning in alone.warnings]


def test_an_output_that_the_file_does_not_have_is_missing(tmp_path) -> None:
    filled(tmp_path)
    found = compared(tmp_path, both=True)
    assert found.verdict == "differs"
    assert "is missing: the file has the outputs prob" in found.faults[0].text


def test_inputs_of_another_size_are_refused(tmp_path) -> None:
    filled(tmp_path, PROTOTXT.replace("dim: 8 dim: 8", "dim: 8 dim: 10"))
    text = (tmp_path / "hand.prototxt").read_text().partition('layer { name: "score"')[0]
    (tmp_path / "hand.prototxt").write_text(text)
    with pytest.raises(ConversionError, match="takes image 1x3x8x10, the source x 1x3x8x8"):
        compared(tmp_path)


def test_layers_in_place_where_caffe_cannot_are_named_there_too(tmp_path) -> None:
    inner = PROTOTXT.replace('bottom: "c1" top: "p1"', 'bottom: "c1" top: "c1"').replace('"p1" top', '"c1" top')
    filled(tmp_path, inner)
    found = compared(tmp_path)
    assert found.verdict == "differs"
    assert "it works in place, which Caffe computes wrongly for Pooling" in str(found.faults[0])


def test_edited_files_of_the_converters_are_its_own() -> None:
    _, made = source()
    assert not is_foreign(made, made)
    other = net_of((1, 3, 8, 8), "other")
    add(other, "c1", made.node(made.nodes[1].name).layer, *(blob.load() for blob in made.nodes[1].blobs))
    assert is_foreign(made, other)
    edited = made.copy()
    edited.nodes = edited.nodes[:3]
    assert not is_foreign(made, edited)
