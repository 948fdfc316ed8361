"""Attention from torch to files and back: in the embedded engine, in Caffe's order of work by hand, and in OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.layers import Parameter
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from converters.pytorch import convert
from tests.converters.pytorch.transformers import PSA, ConvNeXtBlock, MaxViT, Swin, ViT
from tests.oracles.caffe_by_hand import CaffeByHand

HEADS, PLACES, WIDTH = 2, 5, 8


class Attention(nn.Module):
    """Two heads of four numbers over five places."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch = len(x)
        q, k, v = self.qkv(x).reshape(batch, PLACES, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        scores = (q @ k.mT * (WIDTH // HEADS) ** -0.5).softmax(-1)
        return self.out((scores @ v).transpose(1, 2).reshape(batch, PLACES, WIDTH))


class BySample(nn.Module):
    """Scores beside constants that differ among the samples of a batch of two."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        constants = torch.arange(2.0 * WIDTH).reshape(2, WIDTH, 1)[: len(x)]
        return torch.cat([x, constants.expand(-1, WIDTH, 3)], 2).softmax(-1)


class Decoder(nn.Module):
    """Learned queries that attend to one another, then to tokens, as DETR's."""

    def __init__(self) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(1, PLACES, WIDTH))
        self.layer = nn.TransformerDecoderLayer(WIDTH, HEADS, 12, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(self.queries.expand(len(x), -1, -1), x)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("target", ["caffe", "ssd", "opencv"])
def test_attention_from_torch_to_files_and_back(tmp_path, batch, target):
    torch.manual_seed(0)
    model = Attention().eval()
    net = lower(convert(model, (torch.randn(batch, PLACES, WIDTH),)), TARGETS[target], Options())
    files = write(net, tmp_path / "net", TARGETS[target])
    back = read(files.prototxt, files.caffemodel, TARGETS[target])
    assert any(isinstance(node.layer, Parameter) for node in back.nodes) == (target != "opencv")
    assert back.outputs == net.outputs
    ((name, output),) = zip([back.nodes[0].top], back.outputs, strict=True)
    by_hand = CaffeByHand(files.prototxt, files.caffemodel) if target != "opencv" else None
    for seed in range(3):
        x = torch.randn(batch, PLACES, WIDTH, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            wanted, exact = model(x).numpy(), model.double()(x.double()).numpy()
            model.float()
        np.testing.assert_allclose(run(back, {name: x.numpy()}, np.float64)[output], exact, rtol=0, atol=1e-12)
        if by_hand is not None:
            np.testing.assert_allclose(by_hand.forward(**{name: x.numpy()})[output], exact, rtol=0, atol=1e-12)
        else:
            engine = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
            engine.setInput(x.numpy())
            np.testing.assert_allclose(engine.forward(), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (lambda: ViT(fused=True), (3, 16, 16)),
        (lambda: ViT(fused=False), (3, 16, 16)),
        (Swin, (3, 16, 16)),
        (MaxViT, (3, 16, 16)),
        (PSA, (8, 4, 5)),
        (lambda: ConvNeXtBlock(6), (6, 8, 8)),
        (BySample, (WIDTH, 3)),
        (Decoder, (7, WIDTH)),
    ],
    ids=["vit", "vit_by_products", "swin", "maxvit", "psa", "convnext", "by_sample", "decoder"],
)
def test_nets_with_attention_written_for_opencv_run_there(tmp_path, module, shape, batch):
    """A class token among them, which is a Parameter elsewhere, and windows that share a mask."""
    torch.manual_seed(0)
    model, x = module().eval(), torch.randn(batch, *shape)
    net = lower(convert(model, (x,)), TARGETS["opencv"], Options())
    files = write(net, tmp_path / "net", TARGETS["opencv"])
    engine = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
    for seed in range(2):
        x = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            wanted = model(x).numpy()
        engine.setInput(x.numpy())
        np.testing.assert_allclose(engine.forward(), wanted, rtol=0, atol=3e-6 * np.abs(wanted).max())


def test_what_opencv_cannot_run_of_attention_is_refused_with_its_reason():
    """The numbers of tokens choose rows of a table, which OpenCV has no layer for."""

    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.attention = nn.Embedding(20, WIDTH), Attention()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.attention(self.table(x))

    with pytest.raises(ConversionError) as caught:
        lower(convert(Tokens(), (torch.zeros(1, PLACES, dtype=torch.long),)), TARGETS["opencv"], Options())
    assert "OpenCV DNN 4 has no layer Embed" in str(caught.value)
