from __future__ import annotations

from pathlib import Path

from caffe_ir.error_kinds import targets as kinds
from tests.documents.error_examples.case import CONV, NET, convert, converted, darknet, layer, raises, refused


@raises(kinds.NO_EXACT_FORM)
def _() -> str:
    return refused("return torch.argmax(x, 1)", options="--target ncnn")


@raises(kinds.TARGET_REFUSES)
def _() -> str:
    converted()
    with Path("deploy.prototxt").open("a", encoding="utf-8") as file:
        file.write(layer("relu6", "ReLU6", "conv_0"))
    return convert("verify net.cfg net.weights deploy")


@raises(kinds.UNKNOWN_HEAD)
def _() -> str:
    head = "[yolo]\nmask=0,1,2\nanchors=1,2,3,4,5,6\nnum=3\nclasses=1\n"
    darknet(NET + CONV.replace("filters=4", "filters=21") + head)
    return convert("darknet net.cfg net.weights -o deploy --head activated")


@raises(kinds.FOLDED_INPUT)
def _() -> str:
    return refused("return self.conv(x)", init="self.conv = nn.Conv2d(3, 4, 3)", options="--input-is u8-rgb")
