"""Capturing: eval mode, TorchScript, dynamic shapes, and what torch's exceptions mean for the user."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.capture.capture import capture
from converters.pytorch.capture.sizes import dynamic
from tests.converters.pytorch.capture.refused import line_of, problem_of
from tests.converters.pytorch.judge import agreement, converted, images, layers, settled
from tests.converters.pytorch.nets import Block, ResNet


def test_a_forgotten_eval_is_made_up_for_and_told():
    """Practitioners' pitfall: forgetting net.eval() breaks the conversion."""
    x = images(4, 3, 9, 9)
    module = settled(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()), x)
    with torch.no_grad():
        wanted = module(x)
    module.train()
    net = convert(module, (x,))
    assert agreement(net, [wanted], (x,)) < 1e-5
    told = "the model was in training mode, in which 1, 2 may compute something else; converted as after model.eval()"
    assert [str(note) for note in net.notes] == [told]
    assert all(part.training for part in module.modules())


def test_one_part_in_training_mode_is_named():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
    module[1].train()
    assert capture(module, (images(1, 3, 5, 5),)).notes[0].text.startswith("1 was in training mode")
    assert [part.training for part in module] == [False, True]


def test_inputs_that_forward_does_not_take():
    assert problem_of(ResNet()).what == "no input was given, and forward(x) needs x"
    assert "too many positional arguments" in problem_of(ResNet(), images(1), images(1)).what
    assert "unexpected keyword argument 'mask'" in problem_of(ResNet(), images(1), mask=images(1)).what


def test_dynamic_shapes_name_the_axis_and_the_remedy():
    x = images(2, 3, 9, 9)
    module = nn.Conv2d(3, 4, 3).eval()
    shapes = ({0: torch.export.Dim("batch"), 3: torch.export.Dim("width", min=4, max=64)},)
    program = torch.export.export(module, (x,), dynamic_shapes=shapes)
    assert [axis for axis, _ in dynamic(program)["input"]] == [0, 3]
    with pytest.raises(ConversionError, match="axis 3 of the input input has no fixed size") as refused:
        convert(program)
    assert len(refused.value.problems) == 2
    assert "give an example input" in str(refused.value)
    net = convert(program, (images(2, 3, 9, 7),))
    assert net.shapes[net.outputs[0]] == (2, 4, 7, 5)


def test_weights_that_are_not_there():
    with torch.device("meta"):
        module = nn.Conv2d(3, 4, 3)
    problem = problem_of(module, images(1, 3, 5, 5))
    assert problem.what == "2 tensors (weight, bias) are without numbers"
    assert "the device meta" in problem.why


def test_what_is_no_model():
    with pytest.raises(ConversionError, match="a dict is not a model"):
        convert({"conv.weight": torch.zeros(1)})  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*in-place.*")
@pytest.mark.parametrize("way", ["trace", "script"])
def test_torchscript(way):
    x = images(2, 8, 9, 9)
    module = settled(Block(8, 16, 2), x)
    script = torch.jit.trace(module, (x,)) if way == "trace" else torch.jit.script(module)
    with torch.no_grad():
        wanted = module(x)
    net = convert(script, (x,))
    assert agreement(net, [wanted], (x,)) < 1e-5
    assert layers(net)[:3] == ["Convolution", "SourceBatchNorm", "ReLU"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_script_that_torch_cannot_read_is_told_with_the_way_round():
    class Loops(nn.Module):
        def forward(self, x):
            i = 0
            while bool(x.sum() > i):
                i += 1
                x = x - 1
            return x

    script = torch.jit.script(Loops())
    with pytest.raises(ConversionError) as refused:
        convert(script, (images(1, 2),))
    assert refused.value.problems


def test_a_module_around_a_module():
    x = images(2, 3, 8, 8)
    converted(nn.DataParallel(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())), x)


def test_autocast_and_no_grad_inside_forward():
    class Inside(nn.Module):
        def forward(self, x):
            with torch.no_grad():
                y = x * 2
            with torch.autocast("cpu", enabled=False):
                return y.float() + 1

    assert layers(converted(Inside(), images(1, 3))) == ["Power"]


def test_the_module_of_a_program_has_its_mode():
    """It has no eval(), which torch refuses there."""
    x = images(1, 3, 6, 6)
    module = torch.export.export(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval(), (x,)).module()
    net = convert(module, (x,))
    assert layers(net) == ["Convolution", "ReLU"]
    assert net.notes == []


def test_parts_in_training_mode_are_counted():
    module = nn.Sequential(*(nn.Dropout() for _ in range(5))).eval()
    for part in module:
        part.train()
    (note,) = capture(module, (images(1, 3),)).notes
    assert note.text.startswith("0, 1, 2 and 2 more were in training mode")


@pytest.mark.parametrize("wrapper", ["cond", "scan"])
def test_programs_within_the_program(wrapper):
    class Within(nn.Module):
        def forward(self, x):
            if wrapper == "cond":
                return torch.cond(x.sum() > 0, lambda x: x * 2, lambda x: x * 3, (x,))
            return torch._higher_order_ops.scan(lambda kept, row: (kept + row, kept * 1), x[0], x)[1]

    with pytest.raises(ConversionError) as refused:
        convert(Within().eval(), (images(2, 3),))
    (problem,) = [one for one in refused.value.problems if "programs within the program" in one.what]
    assert line_of(problem).startswith("return torch.")


def test_one_tensor_as_two_inputs_is_two_inputs():
    """torch.export took them for one, and the net read one input twice."""

    class Siamese(nn.Module):
        def forward(self, pair, third):
            return pair[0] - pair[1] * third

    x, others = images(2, 3), (images(2, 3, seed=1), images(2, 3, seed=2), images(2, 3, seed=3))
    net = convert(Siamese().eval(), ([x, x], x))
    assert [node.top for node in net.nodes if not node.bottoms] == ["pair_0", "pair_1", "third"]
    assert agreement(net, [others[0] - others[1] * others[2]], others) < 1e-6


@pytest.mark.parametrize("given", [images(1, 3, 5, 5), {"x": images(1, 3, 5, 5)}])
def test_example_inputs_are_a_sequence(given):
    """A tensor in its place would be taken apart along its first axis."""
    with pytest.raises(ConversionError, match=r"-> give each input by its place, convert\(model, \(x,\)\)"):
        convert(nn.Conv2d(3, 4, 1), given)


@pytest.mark.parametrize("given", [((1, 3, 5, 5),), (images(1, 3, 5, 5).numpy(),)])
def test_example_inputs_are_tensors(given):
    with pytest.raises(ConversionError, match=r"hold no tensor, only (int|ndarray)\n.*torch\.zeros"):
        convert(nn.Conv2d(3, 4, 1), given)
