from __future__ import annotations

from pathlib import Path

import numpy as np

from caffe_ir.error_kinds import running as kinds
from tests.documents.error_examples.case import (
    CONV,
    NET,
    convert,
    converted,
    darknet,
    layer,
    made,
    module,
    prototxt,
    raises,
    refused,
)
from tests.documents.models import write_models

YOLO = "darknet yolov3-tiny.cfg yolov3-tiny.weights -o deploy -q"


def detector(options: str = "") -> None:
    write_models(Path())
    made(f"{YOLO} {options}")


@raises(kinds.INPUTS_DIFFER)
def _() -> str:
    converted()
    return convert("verify net.cfg net.weights deploy --input-size 16x16")


@raises(kinds.INPUT_FILE)
def _() -> str:
    converted()
    np.save("x.npy", np.ones((1, 3, 4, 4), np.float32))
    return convert("verify net.cfg net.weights deploy --input x.npy")


@raises(kinds.PICTURE)
def _() -> str:
    detector()
    Path("dog.jpg").write_bytes(b"GIF89a" + bytes(100))
    return convert("run deploy dog.jpg")


@raises(kinds.DESCRIPTION)
def _() -> str:
    detector()
    Path("deploy.heads.json").write_text('{"heads": 2}')
    return convert("run deploy dog.jpg")


@raises(kinds.UNKNOWN_PREPROCESSING)
def _() -> str:
    detector()
    Path("deploy.heads.json").unlink()
    Path("deploy.input.json").unlink()
    return convert("run deploy dog.jpg")


@raises(kinds.ENGINE)
def _() -> str:
    detector()
    return convert("run deploy dog.jpg --engine pycaffe")


@raises(kinds.NO_DECODER)
def _() -> str:
    module("return self.conv(x)", init="self.conv = nn.Conv2d(3, 5, 3)")
    return convert("pytorch nets.py:Net --input 1x3x8x8 --output-is yolov5 -o deploy")


@raises(kinds.CLASS_NAMES)
def _() -> str:
    detector()
    Path("coco.names").write_text("\n".join(f"class {number}" for number in range(80)))
    return convert("run deploy dog.jpg --names coco.names")


@raises(kinds.NETS_DIFFER)
def _() -> str:
    """Rounding to float32 alone, where it may be no more than 1e-12."""
    darknet(NET + CONV)
    table = '[net]\ncfg = "net.cfg"\nweights = "net.weights"\noutput = "deploy"\ntolerance = 1e-12\n'
    Path("models.toml").write_text(table)
    return convert("batch models.toml -j 1")


@raises(kinds.SIDE_FILE)
def _() -> str:
    return refused(
        "return self.conv(x)",
        init="self.conv = nn.Conv2d(3, 4, 3)",
        options="--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --side-files acuity",
    )


@raises(kinds.INPUT_VALUES)
def _() -> str:
    prototxt(layer("words", "Embed", "data", "embed_param { num_output: 4 input_dim: 10 }"))
    made("init deploy.prototxt -o deploy")
    np.save("x.npy", np.full((1, 3, 8, 8), 10.0))
    return convert("verify deploy.prototxt deploy.caffemodel deploy --input x.npy")
