"""The calls for Python programs: alike for all sources, and what they give is what the sources compute."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.model import Model, from_darknet, from_pytorch, read
from converters.pictures.described import described
from tests.documents.models import write_models

X = np.random.default_rng(0).random((1, 3, 64, 64), np.float32)


def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Hardswish(), nn.MaxPool2d(2)).eval()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    folder = tmp_path_factory.mktemp("models")
    write_models(folder)
    return {
        "darknet": from_darknet(folder / "yolov4-tiny.cfg", folder / "yolov4-tiny.weights"),
        "pytorch": from_pytorch(module(), (torch.zeros(1, 3, 64, 64),)),
    }


@pytest.mark.parametrize("source", ["darknet", "pytorch"])
@pytest.mark.parametrize("options", [{}, {"target": "ncnn", "fold_bn": True}], ids=["caffe", "ncnn"])
def test_what_is_written_agrees_and_reads_back(source: str, options, models, tmp_path: Path) -> None:
    model = models[source]
    before = model.net.dump()
    written = model.write(tmp_path / "net", **options)
    assert model.net.dump() == before
    assert model.verify(tmp_path / "net").verdict == "agrees"
    back = read(written.prototxt, written.caffemodel)
    (name,) = (node.top for node in model.net.nodes if node.layer.type_name() == "Input")
    back.write(tmp_path / "again", target="opencv")
    assert back.verify(tmp_path / "again").verdict == "agrees"
    mine, theirs = list(model.run({name: X}).values()), list(back.run({name: X}).values())
    if source == "pytorch":
        np.testing.assert_allclose(theirs[0], module()(torch.from_numpy(X)).detach().numpy(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(mine[0], theirs[0], rtol=1e-4, atol=1e-5)


class Words(nn.Module):
    """Places in a table, and truth values that hide some of them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.attention = nn.Embedding(5, 8), nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, words, hidden, places):
        x = self.table(words) + (places * 2 + 1).float().unsqueeze(-1) / 3
        return self.attention(x, x, x, key_padding_mask=hidden)[0]


def test_whole_numbers_and_truth_values_are_drawn_as_such(tmp_path: Path) -> None:
    hidden = torch.tensor([[False, False, True]])
    model = from_pytorch(Words().eval(), (torch.tensor([[1, 4, 2]]), hidden, torch.tensor([[0, 1, 2]])))
    model.write(tmp_path / "net")
    assert model.verify(tmp_path / "net").verdict == "agrees"


def test_places_in_a_table_of_a_caffe_net_are_whole_numbers(tmp_path: Path) -> None:
    model = from_pytorch(nn.Sequential(nn.Embedding(5, 8), nn.ReLU()).eval(), (torch.tensor([[1, 4, 2]]),))
    written = model.write(tmp_path / "net")
    back = read(written.prototxt, written.caffemodel)
    back.write(tmp_path / "again", target="caffe-master")
    assert back.verify(tmp_path / "again").verdict == "agrees"


def test_a_file_that_is_not_the_models_differs(models, tmp_path: Path) -> None:
    written = models["pytorch"].write(tmp_path / "net")
    written.prototxt.write_text(written.prototxt.read_text().replace("pool: MAX", "pool: AVE"))
    assert models["pytorch"].verify(tmp_path / "net").verdict == "differs"


def test_heads_are_written_beside(models, tmp_path: Path) -> None:
    model = models["darknet"]
    model.write(tmp_path / "net")
    facts = json.loads((tmp_path / "net.heads.json").read_text())
    assert [head["name"] for head in facts["heads"]] == [head.name for head in model.heads]
    assert json.loads((tmp_path / "net.input.json").read_text())
    assert models["pytorch"].heads == ()


def test_notes_are_logged_and_bytes_counted(models, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counted: list[int] = []
    with caplog.at_level(logging.INFO, logger="tocaffe"):
        written = models["darknet"].write(tmp_path / "net", progress=lambda count, total: counted.append(count))
    assert any("batch normalisation" in record.message for record in caplog.records)
    assert models["darknet"].notes
    assert sum(counted) >= written.caffemodel.stat().st_size * 0.9


def test_what_cannot_be_done_is_raised(models, tmp_path: Path) -> None:
    for options, expected in (
        ({"target": "ncn"}, "target is 'ncn'.*\n.*did you mean ncnn"),
        ({"head": "boxes"}, "there are raw, activated"),
        ({"input_is": "u8"}, "there are prepared, u8-rgb, u8-bgr"),
        ({"side_files": "nosuch"}, "there are ascend, "),
    ):
        with pytest.raises(ConversionError, match=expected):
            models["pytorch"].write(tmp_path / "net", **options)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConversionError, match=r"cannot read .*no\.prototxt"):
        models["pytorch"].verify(tmp_path / "no")
    with pytest.raises(ConversionError, match="did you mean opencv"):
        models["pytorch"].verify(tmp_path / "no", engines="opencvv")
    with pytest.raises(ConversionError):
        from_pytorch(nn.Sequential(nn.Conv2d(3, 4, 3)), (torch.zeros(1, 5, 8, 8),))
    with pytest.raises(ConversionError):
        from_darknet(tmp_path / "no.cfg", tmp_path / "no.weights")


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, "no array is given for the input input"),
        ({"input": X, "data": X}, "the net has no input data"),
        ({"input": X[:, :1]}, r"the array for the input input is \(1, 1, 64, 64\)"),
        ({"input": [[1, 2]]}, r"the inputs are input \(1, 3, 64, 64\)"),
    ],
)
def test_inputs_that_are_not_the_nets_are_refused(inputs, expected: str, models) -> None:
    with pytest.raises(ConversionError, match=expected):
        models["pytorch"].run(inputs)


def test_tensors_are_arrays(models) -> None:
    (mine,) = models["pytorch"].run({"input": torch.from_numpy(X)}).values()
    np.testing.assert_allclose(mine, module()(torch.from_numpy(X)).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_a_net_without_weights_can_be_looked_at_and_nothing_else(models, tmp_path: Path) -> None:
    written = models["pytorch"].write(tmp_path / "net")
    alone = read(written.prototxt)
    assert repr(alone) == f"<Model {written.prototxt}: {alone.net!r}>"
    assert alone._repr_html_() == alone.net._repr_html_()
    for work in (lambda: alone.run({"input": X}), lambda: alone.write(tmp_path / "b"), lambda: alone.verify(tmp_path)):
        with pytest.raises(ConversionError, match="read without weights"):
            work()


def test_pictures_are_described_folded_and_handed_on(tmp_path: Path) -> None:
    """The net of bytes computes what the module makes of the picture as torchvision would prepare it."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    pictures = described((64, 64), 3, mean=",".join(map(str, mean)), std=",".join(map(str, std)))
    model = from_pytorch(module(), (torch.zeros(1, 3, 64, 64),), pictures=pictures)
    written = model.write(tmp_path / "net", input_is="u8-bgr", side_files=["rknn"])
    assert model.verify(tmp_path / "net").verdict == "agrees"
    assert json.loads((tmp_path / "net.input.json").read_text())["order"] == "BGR"
    assert (tmp_path / "net.rknn.py").is_file()
    bgr = np.random.default_rng(1).integers(0, 256, (1, 3, 64, 64)).astype(np.float64)
    ready = (bgr[:, ::-1] / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    (found,) = read(written.prototxt, written.caffemodel).run({"input": bgr}).values()
    expected = module().double()(torch.from_numpy(ready)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_what_takes_no_pictures_has_no_files_for_tools(models, tmp_path: Path) -> None:
    with pytest.raises(ConversionError):
        models["pytorch"].write(tmp_path / "net", side_files=["rknn"])
    assert not list(tmp_path.iterdir())
