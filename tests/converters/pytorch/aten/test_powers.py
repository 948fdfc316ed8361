"""Powers against torch: the exponent or the base is a number, or a tensor that the module holds."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Beside, Calls, converted, images, layers

X = images(2, 6, 4, 5)
FEW = torch.tensor([1.0, 2, 2, 3, 1, 3])


def test_powers_of_numbers():
    assert layers(converted(Calls(lambda x: 2**x), X)) == ["Power", "Exp"]
    assert layers(converted(Calls(lambda x: torch.pow(0.3, x)), X)) == ["Power", "Exp"]
    assert layers(converted(Calls(lambda x: (x.abs() + 1) ** -1.5), X)) == ["AbsVal", "Power"]


def test_powers_of_a_tensor():
    bases = torch.tensor([0.5, 1, 2, 3, 0.1, 7]).reshape(6, 1, 1)
    assert layers(converted(Beside(lambda x, base: base**x, bases), X)) == ["Scale", "Exp"]
    assert layers(converted(Beside(lambda x, base: base**x, torch.tensor(2.0)), X)) == ["Power", "Exp"]


@pytest.mark.parametrize("base", [-2.0, 0.0])
def test_powers_of_a_number_that_is_not_positive_are_refused(base):
    with pytest.raises(ConversionError, match="positive bases"):
        convert(Calls(lambda x: torch.pow(base, x)), (X,))
    with pytest.raises(ConversionError, match="positive bases"):
        convert(
            Beside(
                lambda x, held: held**x,
                torch.tensor([1.0, base, 1, 1, 2]),
            ),
            (X,),
        )


@pytest.mark.parametrize("exponents", [torch.tensor(3.0), torch.full((6, 1, 1), 3.0), torch.full((4, 5), 3.0)])
def test_equal_exponents_are_one_power(exponents):
    assert layers(converted(Beside(lambda x, y: x**y, exponents), X)) == ["Power"]


@pytest.mark.parametrize(
    "exponents",
    [
        FEW.reshape(6, 1, 1),
        FEW.sort().values.reshape(6, 1, 1),
        FEW[1:].reshape(5),
        FEW[1:5].reshape(4, 1),
        FEW[torch.arange(20) % 6].reshape(4, 5),
        FEW[torch.arange(30) % 6].reshape(6, 1, 5),
        FEW[:2].reshape(2, 1, 1, 1),
    ],
    ids=lambda item: "x".join(map(str, item.shape)),
)
def test_a_few_exponents_are_so_many_powers(exponents):
    """Negative numbers have powers as well: none of them goes through a logarithm."""
    assert bool((X < 0).any())
    net = converted(Beside(lambda x, y: x**y, exponents), X)
    assert layers(net).count("Power") == len(set(exponents.reshape(-1).tolist()) - {1.0})


def test_exponents_that_make_the_result_larger():
    converted(Beside(lambda x, y: x**y, FEW.reshape(6, 1, 1)), images(2, 1, 4, 5))
    converted(Beside(lambda x, y: x**y, torch.full((6, 1, 1), 2.0)), images(2, 1, 4, 5))


def test_sorted_exponents_need_no_sorting():
    net = converted(Beside(lambda x, y: x**y, FEW.sort().values.reshape(6, 1, 1)), X)
    assert layers(net) == ["Slice", "Power", "Power", "Concat"]


def test_many_exponents_are_refused():
    with pytest.raises(ConversionError, match="20 exponents"):
        convert(Beside(lambda x, y: x**y, torch.arange(20.0).reshape(4, 5)), (X,))


def test_a_power_of_two_values_is_refused():
    with pytest.raises(ConversionError, match="both the base and the exponent depend"):
        convert(Calls(lambda x: x.abs() ** x), (X,))
