"""From a module to Caffe's files and back, and the walk itself: several inputs and outputs, refusals, own handlers."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, agreement, converted, fed, flat, images, layers, settled
from tests.converters.pytorch.nets import Mobile, ResNet


def nets():
    return [pytest.param(ResNet, (1, 3, 33, 34), id="resnet"), pytest.param(Mobile, (1, 3, 17, 18), id="mobile")]


@pytest.mark.parametrize(("network", "shape"), nets())
def test_from_the_module_to_the_files_and_back(network, shape, tmp_path):
    """torch judges the files as our reader has them (float64) and OpenCV, which reads them itself (float32)."""
    torch.manual_seed(0)
    x = images(*shape)
    module = settled(network(), images(4, *shape[1:], seed=1))
    with torch.no_grad():
        wanted = module(x)
    net = lower(convert(module, (x,)), CAFFE, Options())
    files = write(net, tmp_path / "net", CAFFE)
    again = read(files.prototxt, files.caffemodel)
    with torch.no_grad():
        exact = flat(module.double()(x.double()))
    assert agreement(again, exact, (x,)) < 1e-6  # BatchNorm's numbers were computed, and rounded to float32
    opencv = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
    opencv.setInput(x.numpy())
    np.testing.assert_allclose(opencv.forward(), wanted.numpy(), rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


@pytest.mark.parametrize(("network", "shape"), nets())
def test_every_value_of_the_graph_is_what_torch_computes(network, shape):
    torch.manual_seed(0)
    x = images(*shape)
    module = settled(network(), images(4, *shape[1:], seed=1)).double()
    program = torch.export.export(module, (x.double(),), strict=False)
    net = convert(module, (x.double(),))
    seen: dict[str, torch.Tensor] = {}

    class Watch(torch.fx.Interpreter):
        def run_node(self, n):
            result = super().run_node(n)
            seen[n.name] = result.clone() if isinstance(result, torch.Tensor) else result
            return result

    state = [*program.parameters(), *program.buffers()]
    with torch.no_grad():
        Watch(program.graph_module).run(*state, x.double())
    blobs = run(net, fed(net, (x,)), np.float64)
    assert len(net.values) > 15
    for name, blob in net.values.items():
        np.testing.assert_allclose(
            blobs[blob], seen[name].numpy(), rtol=1e-9, atol=1e-9 * float(seen[name].abs().max())
        )


def test_a_resnet_is_as_lean_as_a_person_would_write_it():
    net = lower(convert(ResNet().eval(), (images(1, 3, 33, 33),)), CAFFE, Options())
    one = ["Convolution", "BatchNorm", "Scale"]
    assert layers(net) == [
        *one, "ReLU", "Pooling",
        *one, "ReLU", *one, "Eltwise", "ReLU",
        *one, "ReLU", *one, *one, "Eltwise", "ReLU",
        "Pooling", "InnerProduct",
    ]  # fmt: skip


def test_names_are_those_of_the_modules():
    names = [node.name for node in convert(ResNet().eval(), (images(1, 3, 33, 33),)).nodes]
    assert names[:5] == ["x", "stem.0", "stem.1", "stem.2", "stem.3"]
    assert {"layer1.0.conv1", "layer1.0.relu", "layer1.0.relu_2", "layer1.0.add", "layer1.1.downsample.0"} <= {*names}
    assert names[-3:] == ["adaptive_avg_pool2d", "flatten", "fc"]


def test_several_inputs_by_place_and_by_name():
    class Two(nn.Module):
        def forward(self, image, mask):
            return image.relu() + mask

    x, y = images(1, 2, 3, 4), images(1, 2, 3, 4, seed=1)
    net = convert(Two(), (x,), example_kwargs={"mask": y})
    assert [node.name for node in net.nodes if not node.bottoms] == ["image", "mask"]
    assert agreement(net, [x.relu() + y], (x, y)) < 1e-6
    assert convert(Two(), (x, y), input_names=["a", "b"]).nodes[0].name == "a"
    with pytest.raises(ConversionError, match="1 names for 2 inputs: image, mask"):
        convert(Two(), (x, y), input_names=["a"])


def test_an_input_that_nothing_reads_is_left_out_and_noted():
    net = convert(Calls(lambda x, y: x.relu()), (images(1, 2), images(1, 3)))
    assert [node.name for node in net.nodes] == ["inputs_0", "relu"]
    assert any("no output depends on the input inputs_1" in note.text for note in net.notes)


def test_all_problems_are_told_at_once_with_their_places():
    class Running(nn.Module):
        def forward(self, x):
            return x.logcumsumexp(2)

    class Bad(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Running()

        def forward(self, x):
            y = torch.special.erfcx(x).relu()
            z = self.inner(y)
            return torch.lgamma(z) + y.mode(1, keepdim=True)[0]

    with pytest.raises(ConversionError) as refused:
        convert(Bad(), (images(1, 2, 3),))
    told = [str(problem) for problem in refused.value.problems]
    assert [problem.origin.layer for problem in refused.value.problems if problem.origin] == [
        "special_erfcx",
        "inner",
        "lgamma",
        "mode",
    ]
    assert all("test_frontend.py:" in text and "(1, 2, 3)" in text and "->" in text for text in told), told
    assert "overflow" in told[1]


def test_the_line_told_is_that_of_the_users_own_python():
    class Mine(nn.Module):
        def forward(self, x):
            return torch.lgamma(x)

    with pytest.raises(ConversionError) as refused:
        convert(nn.Sequential(nn.ReLU(), Mine()), (images(1, 2),))
    origin = refused.value.problems[0].origin
    assert origin is not None
    assert (origin.layer, origin.line is None) == ("1", False)
    with open(__file__, encoding="utf-8") as file:
        line = file.read().splitlines()[(origin.line or 0) - 1]
    assert line.strip() == "return torch.lgamma(x)"


def test_half_precision_is_converted_and_noted():
    torch.manual_seed(0)
    module, x = nn.Conv2d(3, 4, 3).half(), images(1, 3, 5, 5).half()
    net = convert(module, (x,))
    assert any("float16 in torch" in note.text for note in net.notes)
    assert net.nodes[1].blobs[0].load().dtype == np.float32
    with torch.no_grad():
        assert agreement(net, [module.double()(x.double())], (x,)) < 1e-9


def test_complex_inputs_are_refused():
    with pytest.raises(ConversionError, match=r"the input inputs_0 is complex .*real numbers only"):
        convert(Calls(torch.view_as_real), (torch.zeros(1, 2, dtype=torch.complex64),))


def test_a_number_taken_out_of_a_tensor_is_refused():
    with pytest.raises(ConversionError, match="takes a number out of a tensor"):
        convert(Calls(lambda x: x * x.sum().item()), (images(1, 2),), handlers={"aten::sum": _first})


def _first(call, build):
    call.ignore("dtype")
    return build.reshape(call.value(), ())


def test_a_program_that_computes_constants_keeps_only_their_values():
    class Standardised(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))

        def forward(self, x):
            weight = self.conv.weight - self.conv.weight.mean((1, 2, 3), keepdim=True)
            return nn.functional.conv2d(x, weight, self.conv.bias)

    assert layers(converted(Standardised(), images(1, 3, 6, 6))) == ["Convolution"]


def test_views_changed_in_place_are_understood_or_refused_never_misread():
    class Tricky(nn.Module):
        def forward(self, x):
            y = x.relu()
            left, right = y.chunk(2, 1)
            left.mul_(3)
            return y, right

    with pytest.raises(ConversionError, match="slice_scatter"):
        convert(Tricky(), (images(1, 4, 2, 2),), handlers={"aten.slice_scatter.default": _refuse})


def _refuse(call, build):
    raise call.refused("slice_scatter")


def test_the_cost_beside_torch_is_small():
    """The target: at most 0.5 s above torch and its export for a ResNet-50, which has about 9 times as many layers."""
    x = images(1, 3, 64, 64)
    program = torch.export.export(ResNet().eval(), (x,))
    convert(program)
    begin = time.process_time()
    convert(program)
    assert time.process_time() - begin < 0.1
