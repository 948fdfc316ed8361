from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.cli.verify_pytorch import pytorch_opened
from converters.verify import ReferenceFailed
from tests.converters.verify.planting import parameter, verified, weights

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from converters.pytorch import convert  # noqa: E402
from converters.pytorch.capture.capture import capture  # noqa: E402
from converters.verify.torch_source import torch_reference  # noqa: E402


class Small(nn.Module):
    def __init__(self, *, align_corners: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=align_corners)
        self.fc = nn.Linear(8, 5)
        self.norm.running_var = torch.rand(8) + 0.5

    def forward(self, x):
        x = torch.relu_(self.norm(self.conv(x)))
        left, right = nn.functional.max_pool2d(x, 2).chunk(2, 1)
        x = self.up(torch.cat([right, left * 2], 1))
        return self.fc(x.mean((2, 3))).softmax(1)


def opened(**options):
    torch.manual_seed(0)
    model = Small(**options).eval()
    program = capture(model, (torch.zeros(1, 3, 7, 9),)).program
    net = convert(program, name="small")
    made = lower(net.copy(), CAFFE, Options())
    return model, program, net, made, pytorch_opened("small", program, net, made).source


def test_every_node_is_as_torch_itself_computes_it() -> None:
    model, program, net, _, _ = opened()
    x = torch.randn(1, 3, 7, 9, generator=torch.Generator().manual_seed(1))
    seen = dict(torch_reference(program, net).values({"x": x.numpy()}))
    assert set(seen) == set(net.values)
    with torch.no_grad():
        right = model.double()(x.double()).numpy()
    last = np.array(list(seen.values())[-1])
    assert last.dtype == np.float64
    np.testing.assert_allclose(last, right, rtol=1e-12)
    with torch.no_grad():
        relu = model.norm(model.conv(x.double())).clamp(min=0).numpy()
    np.testing.assert_allclose(np.array(seen["relu_"]), relu, atol=1e-12)


class Cast(nn.Module):
    """An autocast, a cast in the middle that is also asserted on, and a result in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(8, 4)

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.fc(self.conv(x).relu().mean((2, 3)))
        return y.half().relu(), y.float().softmax(1)


def test_half_precision_is_compared_as_the_file_computes_it(tmp_path) -> None:
    torch.manual_seed(0)
    program = capture(Cast().eval(), (torch.randn(1, 3, 8, 8),)).program
    net = convert(program, name="cast")
    assert any("rounds to bfloat16 in torch; in Caffe it stays float32" in note.text for note in net.notes)
    made = lower(net.copy(), CAFFE, Options())
    found = verified(tmp_path, pytorch_opened("cast", program, net, made).source, made)
    assert found.verdict == "agrees"
    assert found.trials[0].heading == "meaning, torch"
    assert all(trial.verdict == "agrees" for trial in found.trials)


def test_a_converted_module_agrees_with_torch_in_every_layer(tmp_path) -> None:
    *_, made, source = opened()
    found = verified(tmp_path, source, made)
    assert found.verdict == "agrees"
    assert [trial.heading for trial in found.trials] == ["meaning, torch", "meaning, embedded", "rounding, embedded"]


@pytest.mark.parametrize(
    ("layer", "plant"),
    [
        ("conv", weights("conv", 0, lambda w: w.swapaxes(2, 3))),
        ("norm", parameter("norm", eps=1e-3)),
        ("fc", weights("fc", 0, lambda w: w[:, ::-1])),
    ],
)
def test_a_planted_fault_is_named(tmp_path, layer, plant) -> None:
    *_, made, source = opened()
    spoilt = made.copy()
    plant(spoilt)
    assert verified(tmp_path, source, spoilt).faults[0].layer == layer


def test_align_corners_flipped_is_named(tmp_path) -> None:
    *_, source = opened()
    *_, other, _ = opened(align_corners=True)
    fault = verified(tmp_path, source, other).faults[0]
    assert fault.layer.startswith("up")
    assert fault.kind == "weights"


def test_an_input_of_which_only_the_size_is_read_is_not_asked_for() -> None:
    class Sized(nn.Module):
        def forward(self, x, y):
            return torch.ones_like(y) * 3 + x

    x = torch.randn(2, 3)
    program = capture(Sized(), (x, x)).program
    net = convert(program, name="sized")
    found = dict(torch_reference(program, net).values({"x": x.numpy()}))
    np.testing.assert_allclose(np.array(found["add"]), 3 + x.double().numpy())


def test_a_call_that_torch_refuses_is_told() -> None:
    _, program, net, *_ = opened()
    with pytest.raises(ReferenceFailed, match="torch cannot run conv"):
        list(torch_reference(program, net).values({"x": np.zeros((1, 4, 7, 9), np.float32)}))
