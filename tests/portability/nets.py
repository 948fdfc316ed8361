"""Nets of the kinds that people convert, small and with seeded weights: what is run in every engine."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from msgspec import Struct

from caffe_ir.blob import Array
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Head, Options, run_pass
from caffe_ir.passes.heads import HEADS
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.darknet.judged import ALEXEYAB, converted
from tests.converters.pytorch.judge import fed, flat
from tests.portability import classifiers, darknet_nets, dense, sequences

PICTURE = (1, 3, 64, 64)


class Model(Struct, frozen=True, kw_only=True):
    """A net as its front end gives it, a value for each of its inputs, and the true outputs.

    These are what torch computes in float64; for a cfg, what the layers of the front end mean in float64, which other
    tests prove with real Darknet.
    """

    net: Net
    feeds: Mapping[str, Array]
    outputs: Sequence[Array]
    head: Head = "raw"


def of_module(make: Callable[[], torch.nn.Module], shape: tuple[int, ...], folder: Path) -> Model:
    """A module as a model for inputs of this shape."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module, x = _settled(make(), shape), torch.randn(shape)
    with torch.no_grad():
        wanted = flat(copy.deepcopy(module).double()(x.double()))
    net = convert(module, (x,))
    feeds = {name: value.astype(np.float32) for name, value in fed(net, (x,)).items()}
    return Model(net=net, feeds=feeds, outputs=[value.numpy() for value in wanted])


def _settled(module: torch.nn.Module, shape: tuple[int, ...]) -> torch.nn.Module:
    """The module in eval mode, with the statistics of a batch that it has seen."""
    norms = [part for part in module.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0.0, 0.3)
    if norms:
        with torch.no_grad():
            module.train()(torch.randn(4, *shape[1:]))
    return module.eval()


def of_cfg(text: Callable[[], str], head: Head, folder: Path) -> Model:
    """A cfg as a model; its weights stay in the folder."""
    net = converted(folder, text(), header=ALEXEYAB).net
    meaning = net.copy()
    run_pass(HEADS, meaning, Context(target=CAFFE, options=Options(head=head)))
    shape = net.shapes["data"]
    x = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    blobs = run(meaning, {"data": x.astype(np.float64)}, np.float64)
    return Model(net=net, feeds={"data": x}, outputs=[blobs[name] for name in meaning.outputs], head=head)


NETS: Mapping[str, Callable[[Path], Model]] = {
    **{name: partial(of_cfg, text, "raw") for name, text in darknet_nets.NETS.items()},
    **{f"{name}_act": partial(of_cfg, darknet_nets.NETS[name], "activated") for name in darknet_nets.ACTIVATED},
    **{name: partial(of_module, make, PICTURE) for name, make in classifiers.NETS.items()},
    **{name: partial(of_module, make, PICTURE) for name, make in dense.NETS.items()},
    **{name: partial(of_module, make, sequences.SIZES.get(name, PICTURE)) for name, make in sequences.NETS.items()},
}
"""Models by name, made from a folder for their files in up to a few seconds."""
