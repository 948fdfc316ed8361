"""The converter as a library: what the README shows, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from caffe_ir import reference
from caffe_ir.files.reader import read

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_example_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, stride=8), torch.nn.BatchNorm2d(4), torch.nn.Mish()).eval()
    monkeypatch.chdir(tmp_path)
    exec(code, {"module": module, "torch": torch})
    net, x = read("resnet50.prototxt", "resnet50.caffemodel"), torch.randn(1, 3, 224, 224)
    (output,) = net.outputs
    found = reference.run(net, {"input": x.numpy()}, np.float32)[output]
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(found), module(x), rtol=1e-5, atol=1e-6)
