"""A call's arguments, read by name and remembered; layers with names that derive from the call's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import Origin
from caffe_ir.free_names import FreeNames
from caffe_ir.layers import Input, ReLU, Slice
from caffe_ir.net import Net
from converters.pytorch.graph.build import Build, Call, Given, Refused, Value

ORIGIN = Origin(layer="body.conv", what="conv2d", file="net.py", line=7)
X = Value(blob="x", shape=(1, 4, 5))


def call_of(**arguments):
    given = {name: value if isinstance(value, Given) else Given(value=value) for name, value in arguments.items()}
    return Call(
        name="conv2d",
        op="aten.conv2d.default",
        origin=ORIGIN,
        arguments=given,
        shapes=((1, 4),),
        dtypes=(torch.float32,),
    )


def build_of():
    build = Build(net=Net(name="test"), origin=Origin(layer="x"), names=FreeNames(), weights={})
    x = build.add(Input(shape=(1, 4, 5)))
    build.origin = ORIGIN
    return build, x


def test_what_nobody_read_and_is_not_at_its_default_is_told():
    call = call_of(
        self=X,
        alpha=Given(value=1, default=1.0, has_default=True),
        beta=Given(value=2, default=1, has_default=True),
        sizes=Given(value=[1, 1], default=[1, 1], has_default=True),
        ceil=Given(value=True, default=False, has_default=True),
        required=3,
    )
    call.value()
    assert call.unread() == ["beta=2", "ceil=True", "required=3"]
    call.ignore("beta", "ceil")
    assert call.integer("required") == 3
    assert call.unread() == []


def test_integers_axes_and_numbers():
    call = call_of(one=2, two=[3, 4], none=None, empty=[], axis=-1, dims=[-1, 0], number=torch.tensor(1.5))
    assert call.integers("one", 2) == (2, 2)
    assert call.integers("two", 2) == (3, 4)
    assert call.integers("empty", 2) == ()
    assert call.axis("axis", 4) == 3
    assert call.axes("dims", 3) == (0, 2)
    assert call.axes("none", 3) == call.axes("empty", 3) == (0, 1, 2)
    assert call.number("number") == 1.5
    assert call.optional_number("none") is None
    with pytest.raises(KeyError):
        call.argument("other")


def test_activations_and_constants_are_kept_apart():
    call = call_of(x=X, w=torch.ones(2), whole=Value(blob="i", shape=(1,), dtype=torch.int64), none=None)
    assert call.value("x") is X
    assert call.tensor("w").shape == (2,)
    assert call.optional_tensor("none") is None
    assert call.value("whole", any_type=True).blob == "i"
    with pytest.raises(Refused, match="its x depends on the net's input"):
        call.tensor("x")
    with pytest.raises(Refused, match=r"its w is a constant of shape \(2,\)"):
        call.value("w")
    with pytest.raises(Refused, match=r"net\.py:7 conv2d: body\.conv: its whole is of type int64"):
        call.operand("whole")


def test_layers_have_the_calls_name_and_origin():
    build, x = build_of()
    first = build.add(ReLU(), x, suffix="inner")
    second, third = build.add(ReLU(), first), build.add(ReLU(), first)
    left, right = build.add_many(Slice(slice_point=(1,)), third, tops=2, suffix="cut")
    names = [value.blob for value in (first, second, third, left, right)]
    assert names == ["body.conv_inner", "body.conv", "body.conv_2", "body.conv_cut_0", "body.conv_cut_1"]
    assert right.shape == (1, 3, 5)
    assert all(node.origin is ORIGIN for node in build.net.nodes[1:])


def test_reshape_says_as_little_as_it_can():
    build, x = build_of()
    assert build.reshape(x, (1, 4, 5)) is x
    assert str(build.net.producer(build.reshape(x, (1, 20)).blob).layer) == "Flatten()"
    assert "0, 2, 10" in str(build.net.producer(build.reshape(x, (1, 2, 10)).blob).layer)
    assert "2, 10" in str(build.net.producer(build.reshape(x, (2, 10)).blob).layer)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.int64])
def test_weights_of_other_types_become_float32(kind):
    build, _ = build_of()
    held = build.constant(torch.tensor([[1, 2, 3]], dtype=kind))
    loaded = build.net.producer(held.blob).blobs[0].load()
    assert loaded.dtype == np.float32
    assert loaded.tolist() == [[1, 2, 3]]


def test_weights_that_do_not_lie_in_one_row():
    build, _ = build_of()
    tensor = torch.arange(6.0).reshape(2, 3).T
    assert build.blob(tensor).load().tolist() == [[0, 3], [1, 4], [2, 5]]
