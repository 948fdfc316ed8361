from __future__ import annotations

from converters.cli.verify_opened import Asked, Pair
from converters.cli.verify_pytorch import torch_source
from tests.converters.cli.given import converted

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
    assert [judge.name for judge in found.source.judges] == ["torch", "embedded"]
    assert found.source.whole == {"places"}
    assert found.remarks == ("options from the comment of net.prototxt: --input 2x3 --input 2:int64",)
