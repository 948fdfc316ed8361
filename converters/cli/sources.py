"""Models as a command line or a manifest names them, opened by their front ends alike for convert, verify and batch."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import asdict

from caffe_ir.extras import load
from converters.cli.picture_input import know_pictures
from converters.cli.picture_transform import completed
from converters.options import DarknetOptions, PyTorchOptions

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from converters.darknet import DarknetModel
    from converters.pytorch import Handler
    from converters.pytorch.open.loading import Loaded


def darknet_model(
    cfg: str | Path, weights: str | Path, options: DarknetOptions, *, check_finite: bool = True
) -> DarknetModel:
    """The model of a cfg and its weights. Raises ConversionError."""
    from converters.darknet import convert

    return convert(cfg, weights, **asdict(options), check_finite=check_finite)


def name_of(model: str) -> str:
    """What a PyTorch model is called: after its file, or after its function."""
    return Path(model).stem if Path(model).is_file() else model.rpartition(":")[2]


class TorchModel(Struct, frozen=True, kw_only=True):
    """A PyTorch model with its weights, inputs for its capture, and handlers of the user's own."""

    loaded: Loaded
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    handlers: Mapping[str, Handler] = field(default_factory=dict)


class TorchNet(Struct, frozen=True, kw_only=True):
    """The net of a PyTorch model, the module or program that it was made of, and the options as the model completes
    them: with what it says of pictures, where its user does not.
    """

    net: Net
    module: object
    read: PyTorchOptions


@contextmanager
def users_code() -> Iterator[None]:
    """What the user's own code prints goes to standard error: standard output has what this program says."""
    with redirect_stdout(sys.stderr):
        yield


def load_torch() -> None:
    """Import PyTorch. Raises NotInstalledError where it is not there, or is broken."""
    load("a PyTorch model", "torch", "safetensors")


def torch_model(source: str, options: PyTorchOptions) -> TorchModel:
    """The model in a file, or of a function. Raises ConversionError."""
    load_torch()
    from converters.pytorch.open.inputs import example_inputs, parse_inputs
    from converters.pytorch.open.loading import load, load_plugins

    specs = parse_inputs(options.input)
    with users_code():
        handlers = load_plugins(options.plugins)
        loaded = load(
            source,
            weights=options.weights,
            weights_key=options.weights_key,
            arguments=options.arguments,
            trust_pickle=options.trust_pickle,
            handlers=handlers,
        )
    args, kwargs = example_inputs(loaded.model, specs)
    return TorchModel(loaded=loaded, args=args, kwargs=kwargs, handlers=handlers)


def torch_net(source: str, options: PyTorchOptions) -> Net:
    """The net of the model in a file, or of a function. Raises ConversionError."""
    return torch_opened(source, options).net


def torch_opened(source: str, options: PyTorchOptions) -> TorchNet:
    """The net, what it was made of, and what the model says of pictures. Raises ConversionError."""
    load_torch()
    from converters.pytorch import convert

    model = torch_model(source, options)
    name, kwargs = model.loaded.name, model.kwargs
    with users_code():
        net = convert(
            model.loaded.model,
            model.args,
            example_kwargs=kwargs,
            handlers=model.handlers,
            name=name,
            approx=options.approx,
        )
    net.notes[:0] = model.loaded.notes
    options = completed(net, options, model.loaded.transform)
    know_pictures(net, options)
    return TorchNet(net=net, module=model.loaded.model, read=options)
