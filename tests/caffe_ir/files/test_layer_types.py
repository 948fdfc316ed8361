from __future__ import annotations

import pytest
from google.protobuf import text_format

from caffe_ir.errors import Origin
from caffe_ir.files.layer_types import is_of_training, unknown_type
from caffe_ir.layers import LAYERS
from caffe_ir.proto import caffe_pb2


@pytest.mark.parametrize(
    ("text", "what", "why", "hint"),
    [
        ('type: "Mihs"', "layer type 'Mihs' is not known here", "", "did you mean Mish?"),
        ('type: "Proposal"', "layer type 'Proposal' is not known here", "which regions", ""),
        ('type: "Correlation"', "layer type 'Correlation' is not known here", "many cells", ""),
        ('type: "Python" python_param { module: "m" layer: "L" }', "x is a Python layer, m.L", "is Python code", ""),
    ],
)
def test_what_is_said_of_a_type(text: str, what: str, why: str, hint: str) -> None:
    problem = unknown_type(text_format.Parse(f'name: "x" {text}', caffe_pb2.LayerParameter()), Origin(layer="x"))
    assert problem is not None
    assert (problem.what, problem.hint) == (what, hint)
    assert why in problem.why


def test_known_types_are_no_problem() -> None:
    layers = (caffe_pb2.LayerParameter(name="x", type=kind, top=["y"]) for kind in LAYERS)
    assert [layer.type for layer in layers if unknown_type(layer, Origin(layer="x"))] == []
    assert not any(map(is_of_training, LAYERS))


@pytest.mark.parametrize("kind", ["Data", "AnnotatedData", "Accuracy", "SoftmaxWithLoss", "CenterLoss", "FocalLoss"])
def test_data_losses_and_measures_are_for_training(kind: str) -> None:
    assert is_of_training(kind)
