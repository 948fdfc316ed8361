"""Small nets with modules for them, and how they are matched."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from converters.transplant.matching import Known, Matched, match
from converters.transplant.modules import aliases, batch_norm_of, modules_of
from converters.transplant.names import without_common_prefix
from converters.transplant.receivers import receivers_of
from converters.weights.tensors import held
from tests.converters.transplant.nets import conv, data, net_of

INPUT = data(1, 4, 2, 2)


def matched(folder: Path, text: str, **parts: nn.Module) -> Matched:
    receivers, _ = receivers_of(net_of(folder, INPUT + text))
    module = nn.Module()
    for name, part in parts.items():
        module.add_module(name, part)
    modules = modules_of({key: held(tensor.detach().numpy()) for key, tensor in module.state_dict().items()})
    known = Known(
        called=without_common_prefix(modules),
        norm_of=batch_norm_of(modules),
        with_norm=frozenset(receiver.behind for receiver in receivers if receiver.kind == "norm"),
        aliases=aliases(modules),
    )
    found = Matched()
    match(receivers, modules, found, known)
    return found


def pairs(found: Matched) -> dict[str, str]:
    return {receiver.name: module.name for receiver, module in found.pairs.items()}


def same(*names: str) -> dict[str, nn.Module]:
    return {name: nn.Conv2d(4, 4, 1) for name in names}


def chain(*names: str) -> str:
    bottoms = ("data", *names)
    return "".join(conv(name, bottom, 4, 1) for name, bottom in zip(names, bottoms, strict=False))
