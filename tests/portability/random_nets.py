"""Random small nets of the operations that people use, each from its seed: what no list of nets has thought of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.portability.blocks import Lambda
from tests.portability.nets import Model, of_module

Random = np.random.Generator
T = TypeVar("T")
Step = Callable[[Random, Tensor], nn.Module]
"""Gives a module for a value of this shape; what torch refuses to run is tried anew."""
MOST_STEPS = 4
MOST_VALUES = 4000
"""Of any value in a net: engines spend their time on starting."""
STEADY = 1e-2
"""The outputs of a net may move by that much of their largest where its input moves by a tenth of it: in others
rounding looks like a fault."""


def _one_of(random: Random, values: Sequence[T]) -> T:
    return values[int(random.integers(len(values)))]


def _int(random: Random, *values: int) -> int:
    return _one_of(random, values)


def _yes(random: Random) -> bool:
    return bool(random.integers(2))


def _convolution(random: Random, x: Tensor) -> nn.Module:
    c, kernel = x.shape[1], (_int(random, 1, 2, 3, 5), _int(random, 1, 3))
    groups = _int(random, 1, 1, 2, c)
    convolution = nn.Conv2d(
        c,
        groups * _int(random, 1, 2, 3),
        kernel,
        stride=(_int(random, 1, 2), _int(random, 1, 2, 3)),
        padding=(_int(random, 0, 1, 2), _int(random, 0, 1)),
        dilation=_int(random, 1, 1, 2),
        groups=groups,
        bias=_yes(random),
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels)) if _yes(random) else convolution


def _transposed(random: Random, x: Tensor) -> nn.Module:
    c, stride = x.shape[1], _int(random, 1, 2, 3)
    groups, padding = _int(random, 1, c), _int(random, 0, 1)
    more = _int(random, 0, stride - 1)
    return nn.ConvTranspose2d(c, groups * _int(random, 1, 2), _int(random, 2, 3, 4), stride, padding, more, groups)


def _pooling(random: Random, x: Tensor) -> nn.Module:
    kernel = (_int(random, 2, 3, 4, 5), _int(random, 1, 2, 3))
    pad = (_int(random, 0, kernel[0] // 2), _int(random, 0, kernel[1] // 2))
    stride, ceil = (_int(random, 1, 2, 3), _int(random, 1, 2, 3)), _yes(random)
    if _yes(random):
        kernel, pad, stride = (kernel[0],) * 2, (pad[0],) * 2, (stride[0],) * 2
    if _yes(random):
        return nn.MaxPool2d(kernel, stride, pad, _int(random, 1, 1, 1, 2), ceil_mode=ceil)
    return nn.AvgPool2d(kernel, stride, pad, ceil, _yes(random))


def _adaptive(random: Random, x: Tensor) -> nn.Module:
    kind = nn.AdaptiveAvgPool2d if _yes(random) else nn.AdaptiveMaxPool2d
    return kind((_int(random, 1, 2, 3), _int(random, 1, 2, 4)))


def _upsampled(random: Random, x: Tensor) -> nn.Module:
    mode = ("nearest", "bilinear", "bicubic")[random.choice(3, p=(0.4, 0.5, 0.1))]
    corners = None if mode == "nearest" else _yes(random)
    if _yes(random):
        return nn.Upsample(scale_factor=_int(random, 2, 3), mode=mode, align_corners=corners)
    size = (_int(random, 1, 2, 4) * x.shape[2], _int(random, 1, 2) * x.shape[3] + _int(random, 0, 0, 1))
    return nn.Upsample(size=size, mode=mode, align_corners=corners)


ACTIVATIONS: Sequence[Callable[[], nn.Module]] = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.Sigmoid, nn.Tanh, nn.SiLU, nn.Mish, nn.GELU,
    nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Softplus, nn.LogSigmoid, nn.Softsign,
)  # fmt: skip


def _activation(random: Random, x: Tensor) -> nn.Module:
    return _one_of(random, ACTIVATIONS)()


def _formula(random: Random, x: Tensor) -> nn.Module:
    functions: Sequence[Callable[[Tensor], Tensor]] = (
        torch.abs,
        torch.square,
        lambda x: 1.5 - 0.5 * x,
        lambda x: x.clamp(-0.5, 0.75),
        lambda x: torch.sqrt(x * x + 0.5),
        lambda x: x / (1 + x.abs()),
        lambda x: torch.exp(-x * x),
        lambda x: torch.maximum(x, -0.1 * x),
        lambda x: x - x.mean((2, 3), keepdim=True),
    )
    return Lambda(_one_of(random, functions))


class _Gated(nn.Module):
    """x times a number for each channel, or for each cell."""

    def __init__(self, channels: int, over: tuple[int, ...], gate: nn.Module) -> None:
        super().__init__()
        self.over, self.gate = over, gate
        self.inner = nn.Conv2d(channels if over == (2, 3) else 1, channels if over == (2, 3) else 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(self.inner(x.mean(self.over, keepdim=True)))


def _gate(random: Random, x: Tensor) -> nn.Module:
    gate = nn.Sigmoid() if _yes(random) else nn.Hardsigmoid()
    return _Gated(x.shape[1], (2, 3) if _yes(random) else (1,), gate)


class _Joined(nn.Module):
    """What a branch makes of x, beside x or combined with it."""

    def __init__(self, branch: nn.Module, how: str) -> None:
        super().__init__()
        self.branch, self.how = branch, how

    def forward(self, x: Tensor) -> Tensor:
        y = self.branch(x)
        if self.how == "beside":
            return torch.cat([x, y, x], 1)
        if self.how == "below":
            return torch.cat([y, x], 2)
        return {"sum": x + y, "difference": x - y, "product": x * y, "larger": torch.maximum(x, y)}[self.how]


def _joined(random: Random, x: Tensor) -> nn.Module:
    branch = nn.Conv2d(x.shape[1], x.shape[1], 3, padding=1)
    how = _one_of(random, ("beside", "below", "sum", "difference", "product", "larger"))
    return _Joined(nn.Sequential(branch, _activation(random, x)) if _yes(random) else branch, how)


def _cut(random: Random, x: Tensor) -> nn.Module:
    axis = _int(random, 1, 2, 3)
    first, step = int(random.integers(0, x.shape[axis])), _int(random, 1, 1, 2)
    functions: Sequence[Callable[[Tensor], Tensor]] = (
        lambda x: torch.index_select(x, axis, torch.arange(first, x.shape[axis], step)),
        lambda x: torch.cat(torch.chunk(x, 2, axis)[::-1], axis),
        lambda x: x.flip(axis),
        lambda x: x.roll(first, axis),
    )
    return Lambda(functions[random.choice(4, p=(0.4, 0.4, 0.1, 0.1))])


def _norm(random: Random, x: Tensor) -> nn.Module:
    c = x.shape[1]
    norms: Sequence[nn.Module] = (
        nn.BatchNorm2d(c),
        nn.InstanceNorm2d(c, affine=_yes(random)),
        nn.GroupNorm(_int(random, 1, c), c),
        nn.LocalResponseNorm(_int(random, 1, 3, 5), alpha=0.5),
        Lambda(lambda x: F.normalize(x, dim=1)),
        Lambda(lambda x: F.layer_norm(x.permute(0, 2, 3, 1), (c,)).permute(0, 3, 1, 2)),
        nn.Softmax(_int(random, 1, 2, 3)),
    )
    return _one_of(random, norms)


def _mean(random: Random, x: Tensor) -> nn.Module:
    axes = _one_of(random, ((2, 3), (1,), (2,), (3,), (1, 2, 3)))
    functions: Sequence[Callable[[Tensor], Tensor]] = (
        lambda x: x.mean(axes, keepdim=True),
        lambda x: x.sum(axes, keepdim=True),
        lambda x: x.amax(axes, keepdim=True),
        lambda x: x + x.mean(axes, keepdim=True),
    )
    return Lambda(_one_of(random, functions))


def _moved(random: Random, x: Tensor) -> nn.Module:
    moves: Sequence[nn.Module] = (
        nn.PixelShuffle(2),
        nn.PixelUnshuffle(2),
        nn.ChannelShuffle(2),
        Lambda(lambda x: x.transpose(2, 3)),
        Lambda(lambda x: x.permute(0, 2, 3, 1)),
        Lambda(lambda x: x.reshape(x.shape[0], -1, 1, x.shape[3])),
    )
    return _one_of(random, moves)


def _padded(random: Random, x: Tensor) -> nn.Module:
    sides = tuple(int(side) for side in random.integers(0, 3, 4))
    kinds: Sequence[Callable[..., nn.Module]] = (nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d)
    return _one_of(random, kinds)(sides)


STEPS: Mapping[str, Step] = {
    "activation": _activation,
    "adaptive pooling": _adaptive,
    "convolution": _convolution,
    "cut": _cut,
    "formula": _formula,
    "gate": _gate,
    "joined": _joined,
    "mean": _mean,
    "moved": _moved,
    "norm": _norm,
    "padded": _padded,
    "pooling": _pooling,
    "transposed": _transposed,
    "upsampled": _upsampled,
}
OFTEN = ("convolution", "pooling", "upsampled", "joined")


class _Sequence(nn.Module):
    """Columns of a map as steps of a recurrent layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(1, 2).transpose(1, 2))[0]


def _last(random: Random, x: Tensor) -> nn.Module:
    count, features = int(x[0].numel()), int(x.shape[1] * x.shape[2])
    kinds: Sequence[Callable[[], nn.Module]] = (
        nn.Flatten,
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(count, 5)),
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(x.shape[1], 4), nn.Softmax(1)),
        lambda: nn.Linear(x.shape[3], 3),
        lambda: _Sequence(nn.LSTM(features, 3, batch_first=True, bidirectional=_yes(random))),
        lambda: _Sequence(nn.GRU(features, 3, batch_first=True)),
    )
    return kinds[random.choice(len(kinds), p=(0.2, 0.25, 0.25, 0.15, 0.075, 0.075))]()


def module_of(seed: int) -> tuple[nn.Module, tuple[int, ...], Sequence[str]]:
    """A random net, the shape of its input, and its steps by name; the same for the same seed."""
    random = np.random.default_rng(seed)
    shape = (1, _int(random, 2, 3, 4, 6), *(int(size) for size in random.integers(4, 15, 2)))
    steps, names, x = list[nn.Module](), list[str](), torch.randn(shape)
    while len(steps) < 1 + seed % MOST_STEPS:
        name = _one_of(random, [*STEPS, *OFTEN, *OFTEN])
        if (found := _run(lambda: STEPS[name](random, x), x)) is not None:  # noqa: B023
            step, x = found
            steps.append(step)
            names.append(name)
    if _yes(random) and (found := _run(lambda: _last(random, x), x)) is not None:
        steps.append(found[0])
        names.append("last")
    return nn.Sequential(*steps), shape, names


def _run(make: Callable[[], nn.Module], x: Tensor) -> tuple[nn.Module, Tensor] | None:
    """A step with what it makes of a value; None where torch refuses it, and where nothing or much is left."""
    try:
        step = make().eval()
        with torch.no_grad():
            y = step(x)
    except (RuntimeError, ValueError):
        return None
    return (step, y) if 0 < y.numel() <= MOST_VALUES and bool(y.isfinite().all()) else None


def of_seed(seed: int, folder: Path) -> Model | None:
    """The model of a seed; None where its outputs are so unsteady that rounding would look like a fault."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module, shape, _ = module_of(seed)
        x = torch.randn(shape)
        with torch.no_grad():
            y, moved = module.eval()(x), module(x + 1e-3 * torch.randn(shape))
    largest = float(y.abs().max())
    if largest == 0 or float((y - moved).abs().max()) > STEADY * largest:
        return None
    return of_module(lambda: module, shape, folder)
