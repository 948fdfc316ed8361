"""Handlers and what they are given: a user's own, failing ones, and in-place calls."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from caffe_ir.layers import ArgMax, InnerProduct, Power, ReLU
from converters.pytorch import Build, Call, Value, convert
from converters.pytorch.graph.calls import handler_of
from tests.converters.pytorch.judge import Calls, agreement, images


def test_a_users_handler_for_an_operation_of_his_own():
    @torch.library.custom_op("tocaffe_tests::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    @twice.register_fake
    def _(x):
        return torch.empty_like(x)

    def handler(call: Call, build: Build) -> Value:
        return build.add(Power(scale=2.0), call.value("x"))

    x = images(1, 2, 3)
    module = Calls(lambda x: twice(x) + 1)
    net = convert(module, (x,), handlers={"tocaffe_tests::twice": handler})
    assert agreement(net, [2 * x + 1], (x,)) < 1e-6
    with pytest.raises(ConversionError, match=r"tocaffe_tests\.twice\.default on \(1, 2, 3\) is not supported"):
        convert(module, (x,))


def test_a_function_of_another_name_than_its_operation_is_named():
    x = images(1, 2, 4, 4)
    grid = Calls(lambda x: torch.nn.functional.grid_sample(x, x.permute(0, 2, 3, 1), align_corners=False))
    with pytest.raises(
        ConversionError, match=r"grid_sampler\.default on .*, which grid_sample calls, is not supported"
    ):
        convert(grid, (x,))
    with pytest.raises(ConversionError, match=r"inverse\.default on \(1, 2, 4, 4\) is not supported"):
        convert(Calls(torch.inverse), (x,))


def test_a_users_handler_replaces_ours_and_its_faults_are_told():
    x = images(1, 4, 3)
    wrong = {"aten::relu": lambda call, build: build.add(ArgMax(axis=1), call.value())}
    with pytest.raises(ConversionError, match=r"its handler made the shape \(1, 1, 3\) where torch has \(1, 4, 3\)"):
        convert(nn.ReLU(), (x,), handlers=wrong)
    short = {"aten::chunk": lambda call, build: call.ignore("chunks", "dim") or call.value()}
    with pytest.raises(ConversionError, match="its handler gave 1 results where torch has 2"):
        convert(Calls(lambda x: x.chunk(2, 1)), (x,), handlers=short)
    careless = {"aten::leaky_relu": lambda call, build: build.add(Power(), call.value())}
    with pytest.raises(ConversionError, match=r"negative_slope=0\.3 is not understood"):
        convert(nn.LeakyReLU(0.3), (x,), handlers=careless)
    convert(nn.LeakyReLU(), (x,), handlers=careless)  # at its default nothing was lost


def _fails(call: Call, build: Build) -> Value:
    return dict[str, Value]()["no such key"]


def _asks(call: Call, build: Build) -> Value:
    return call.value("input")


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (_fails, "its handler _fails raised KeyError: 'no such key'"),
        (_asks, "aten.relu.default has no argument input, only self"),
        (lambda call, build: None, "its handler returned a NoneType in the place of a Value"),
        (lambda call, build: [call.value("self"), 3], "its handler returned a int in the place of a Value"),
        (lambda call, build: build.add(InnerProduct(num_output=3), call.value("self")), "weights () where"),
    ],
)
def test_a_handler_that_fails_is_told_beside_all_other_problems(handler, told):
    module = Calls(lambda x: (x.relu(), torch.special.bessel_j0(x)))
    with pytest.raises(ConversionError) as refused:
        convert(module, (images(1, 4, 3),), handlers={"aten::relu": handler})
    first, second = refused.value.problems
    assert told in str(first)
    assert "bessel_j0.default on (1, 4, 3) is not supported" in second.what
    if handler is _fails:
        assert "test_calls.py" in first.why
        assert first.why.endswith('return dict[str, Value]()["no such key"]')


def test_an_unknown_operation_says_how_a_handler_for_it_is_called():
    """The name is the one that handlers= takes, so that it can be copied."""

    def handler(call: Call, build: Build) -> Value:
        return build.add(ReLU(), call.value("self"))

    for function, key in (
        (torch.special.airy_ai, "aten::special_airy_ai"),
        (lambda x: torch.ops.aten.special_zeta.other_scalar(x, 2.0), "aten.special_zeta.other_scalar"),
    ):
        with pytest.raises(ConversionError) as refused:
            convert(Calls(function), (images(1, 4),))
        (problem,) = refused.value.problems
        assert f'{{"{key}": function}} as handlers=' in problem.hint
        assert "--plugin FILE.py" in problem.hint
    convert(Calls(torch.special.bessel_j0), (images(1, 4),), handlers={"aten::special_bessel_j0": handler})


def test_an_in_place_call_has_the_handler_of_the_plain_one():
    table = {"aten.relu.default": _asks}
    assert handler_of(table, "aten.relu_.default") is _asks
    assert handler_of(table, "aten.relu6.default") is None
