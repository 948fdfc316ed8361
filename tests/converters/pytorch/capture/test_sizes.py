"""The sizes of a program's inputs."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.export import Dim, export

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.capture.sizes import dynamic, leaves, open_sizes, refuse_other_sizes
from converters.pytorch.open.inputs import example_inputs, parse_inputs
from tests.converters.pytorch.judge import Calls, images

SIZES = ({0: Dim("batch"), 2: Dim("height", min=4, max=64)},)


@pytest.fixture
def fixed():
    return export(nn.Conv2d(3, 4, 3).eval(), (images(1, 3, 8, 8),))


@pytest.fixture
def flexible():
    return export(nn.Conv2d(3, 4, 3).eval(), (images(2, 3, 8, 8),), dynamic_shapes=SIZES)


def problems_of(program, *inputs):
    with pytest.raises(ConversionError) as refused:
        refuse_other_sizes(program, inputs, {})
    return refused.value.problems


def test_which_sizes_are_open(fixed, flexible):
    assert dynamic(fixed) == {}
    assert [axis for axis, _ in dynamic(flexible)["input"]] == [0, 2]
    assert not open_sizes(fixed)
    assert open_sizes(flexible)


def test_leaves_are_tensors_and_fixed_numbers():
    program = export(Calls(lambda x, scale, nothing: x * scale), (images(2), 3.0, None))
    held = list(leaves(program).values())
    assert tuple(held[0].shape) == (2,)
    assert held[1:] == [3.0, None]


@pytest.mark.parametrize("given", [images(1, 3, 9, 8), images(3, 8, 8), images(1, 3, 8, 8).half()])
def test_a_program_of_fixed_sizes_is_not_made_for_others(fixed, given):
    """It would be converted for its own sizes, and the user would believe that it is for his."""
    (problem,) = problems_of(fixed, given)
    assert problem.what.endswith("and the program was made for 1x3x8x8 float32")
    assert "--input input=1x3x8x8" in problem.hint
    with pytest.raises(ConversionError, match="was made for"):
        convert(fixed, (given,))


def test_inputs_of_the_right_sizes_are_taken(fixed, flexible):
    refuse_other_sizes(fixed, (images(1, 3, 8, 8),), {})
    refuse_other_sizes(flexible, (images(7, 3, 5, 8),), {})
    net = convert(flexible, (images(7, 3, 5, 8),))
    assert net.shapes[net.outputs[0]] == (7, 4, 3, 6)


def test_open_sizes_have_limits_and_their_neighbours_do_not_move(flexible):
    (problem,) = problems_of(flexible, images(2, 3, 3, 8))
    assert problem.why.endswith(" is 4 to 64")
    assert problems_of(flexible, images(2, 4, 8, 8))
    (problem,) = problems_of(flexible, images(2, 3, 8, 8), images(1))
    assert problem.what == "2 inputs for a program of 1: input"


class Batch(nn.Module):
    """Its inputs lie in a dict."""

    def forward(self, batch, scale):
        return batch["image"] * scale + batch["mask"]


def test_inputs_inside_a_dict_are_given_by_the_programs_names_or_in_its_order():
    size = Dim("batch")
    held = {"image": images(2, 3), "mask": images(2, 3)}
    shapes = {"batch": {"image": {0: size}, "mask": {0: size}}, "scale": None}
    program = export(Batch(), (held, images(3)), dynamic_shapes=shapes)
    for texts in (["batch_mask=1x3", "batch_image=1x3"], ["1x3", "1x3", "3"]):
        args, kwargs = example_inputs(program, parse_inputs(texts))
        net = convert(program, args, example_kwargs=kwargs)
        assert [net.shapes[name] for name in ("batch_image", "batch_mask", "scale")] == [(1, 3), (1, 3), (3,)]
    with pytest.raises(ConversionError, match="the input batch_mask has no fixed size"):
        example_inputs(program, parse_inputs(["1x3"]))
    with pytest.raises(ConversionError) as refused:
        example_inputs(program, parse_inputs(["image=1x3"]))
    (problem,) = refused.value.problems
    assert str(problem).startswith("the model has no input image (the program takes batch_image, batch_mask, scale)")
    with pytest.raises(ConversionError, match="4 inputs for a program of 3"):
        example_inputs(program, parse_inputs(["1x3"] * 4))


def test_without_specs_a_program_gets_nothing(fixed):
    assert example_inputs(fixed, []) == ((), {})
    assert torch.equal(example_inputs(fixed, parse_inputs(["1x3x8x8"]))[0][0], torch.zeros(1, 3, 8, 8))
