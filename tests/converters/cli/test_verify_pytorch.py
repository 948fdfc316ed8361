from __future__ import annotations

from click.testing import CliRunner

from converters.cli.main import convert
from converters.cli.verify_opened import Asked, Pair
from converters.cli.verify_pytorch import torch_source
from tests.converters.cli.given import converted

GELU = """
import torch


def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.GELU(), torch.nn.Linear(8, 3)).eval()
"""
MODULE = """
import torch


def net():
    torch.manual_seed(0)
    return Scaled().eval()


class Scaled(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(5, 3)

    def forward(self, x, places):
        return x * self.table(places)
"""


def test_a_model_is_read_as_its_files_say_and_judged_by_torch(tmp_path) -> None:
    (tmp_path / "model.py").write_text(MODULE)
    model = f"{tmp_path / 'model.py'}:net"
    converted("pytorch", model, "--input", "2x3", "--input", "2:int64", "-o", tmp_path / "net")
    pair = Pair(prototxt=tmp_path / "net.prototxt", caffemodel=tmp_path / "net.caffemodel")
    found = torch_source(model, pair, Asked())
    assert [reference.name for reference in found.source.references] == ["torch", "embedded"]
    assert found.source.whole == {"places"}
    assert found.remarks == ("options from the comment of net.prototxt: --input 2x3 --input 2:int64",)


def test_an_approximation_is_taken_from_the_files_and_computed_by_the_reference_too(tmp_path) -> None:
    (tmp_path / "model.py").write_text(GELU)
    model, net = f"{tmp_path / 'model.py'}:net", tmp_path / "net"
    said = converted("pytorch", model, "--input", "4x6", "--approx", "gelu=tanh", "-o", net).output
    assert "1 GELU by tanh, each off by up to 4.74e-4 from what the model computes" in " ".join(said.split())
    pair = Pair(prototxt=tmp_path / "net.prototxt", caffemodel=tmp_path / "net.caffemodel")
    taken, near = torch_source(model, pair, Asked()).remarks
    assert taken.endswith("--approx gelu=tanh")
    assert near.endswith("; the reference computes it so too")
    result = CliRunner().invoke(convert, ["verify", model, str(net)])
    assert result.exit_code == 0, result.output
    _, text = pair.prototxt.read_text().split("\nname:", 1)
    pair.prototxt.write_text("name:" + text)  # without the comment the exact function is the reference
    apart = CliRunner().invoke(convert, ["verify", model, str(net), "--input", "4x6"])
    assert apart.exit_code == 1, apart.output
