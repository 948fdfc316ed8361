"""A call's arguments, read by name and remembered."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import Origin
from converters.pytorch.graph.call import Call, Given, Refused
from converters.pytorch.graph.value import Value

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
