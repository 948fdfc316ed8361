"""Prototxts written as people write them by hand, and the modules whose weights they take: torch is the judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from caffe_ir import reference
from caffe_ir.files import reader
from caffe_ir.net import Net
from converters.transplant import Transplanted, transplant
from converters.weights import only_set, open_weights


def data(*shape: int, name: str = "data") -> str:
    dims = " ".join(f"dim: {size}" for size in shape)
    return f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}\n'


def layer(kind: str, name: str, bottom: str, params: str = "", top: str = "") -> str:
    """One layer; `bottom` may be several, with blanks between; the top is called as the layer."""
    bottoms = " ".join(f'bottom: "{each}"' for each in bottom.split())
    return f'layer {{ name: "{name}" type: "{kind}" {bottoms} top: "{top or name}" {params} }}\n'


def conv(name: str, bottom: str, out: int, kernel: int = 3, *, bias: bool = True, top: str = "", more: str = "") -> str:
    fields = f"num_output: {out} kernel_size: {kernel} pad: {kernel // 2} {'' if bias else 'bias_term: false'} {more}"
    return layer("Convolution", name, bottom, f"convolution_param {{ {fields} }}", top)


def relu(name: str, blob: str) -> str:
    return layer("ReLU", name, blob, top=blob)


def bn(name: str, bottom: str, top: str = "", more: str = "") -> str:
    """BatchNorm and the Scale behind it, in place behind `bottom` unless there is a top."""
    norm = layer("BatchNorm", name, bottom, f"batch_norm_param {{ use_global_stats: true {more} }}", top or bottom)
    return norm + scale(f"{name}_scale", top or bottom)


def scale(name: str, blob: str) -> str:
    return layer("Scale", name, blob, "scale_param { bias_term: true }", blob)


def fc(name: str, bottom: str, out: int) -> str:
    return layer("InnerProduct", name, bottom, f"inner_product_param {{ num_output: {out} }}")


def seeded(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with numbers that no two of its tensors share, and statistics that a training leaves."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0, generator=generator)
            elif tensor.is_floating_point():
                tensor.normal_(0.0, 0.3, generator=generator)
    return module.eval()


def net_of(folder: Path, text: str) -> Net:
    path = folder / "net.prototxt"
    path.write_text(text)
    return reader.read(path)


def transplanted(folder: Path, text: str, module: nn.Module, **options: object) -> Transplanted:
    """The net of a prototxt, filled from the module's state_dict by way of a file."""
    torch.save(module.state_dict(), folder / "weights.pth")
    tensors = only_set(open_weights(folder / "weights.pth").tensors).tensors
    return transplant(net_of(folder, text), tensors, **options)  # type: ignore[arg-type]


def chosen(done: Transplanted) -> dict[str, tuple[str, ...]]:
    """The modules by the layer that they fill."""
    return {row.layers[0]: row.modules for row in done.rows}


def outputs(net: Net, feeds: Mapping[str, np.ndarray]) -> np.ndarray:
    blobs = reference.run(net, feeds, np.float64)
    (output,) = net.outputs
    return blobs[output]


def assert_same(done: Transplanted, module: nn.Module, *shape: int) -> None:
    """The filled net computes what the module computes, in float64, but for weights that were rounded to float32."""
    value = np.random.default_rng(1).normal(size=shape)
    with torch.no_grad():
        wanted = module.double()(torch.from_numpy(value)).numpy()
    module.float()
    found = outputs(done.net, {"data": value}).reshape(wanted.shape)
    assert np.abs(wanted).max() > 1e-3
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-10 * np.abs(wanted).max())
