"""What is left of a matching: layers that are open or unfilled, keys that no layer took, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from caffe_ir.error_kinds.transplant import MAP, NOT_FILLED, NOT_USED, SEVERAL_WAYS
from caffe_ir.errors import Problems
from caffe_ir.layers import BatchNorm
from caffe_ir.net import Net
from converters.transplant import weights
from converters.transplant.map_file import Map, map_line
from converters.transplant.matching import Known, Matched, Open
from converters.transplant.modules import COUNTER, Module
from converters.transplant.own_nets import Filled
from converters.transplant.receivers import Receiver
from converters.weights.tensors import Tensor

_WRAPPED = {
    "weight_g": "weight normalisation is still in it: call remove_weight_norm before saving",
    "weight_v": "weight normalisation is still in it: call remove_weight_norm before saving",
    "original0": "a parametrization is still in it: call remove_parametrizations before saving",
    "original1": "a parametrization is still in it: call remove_parametrizations before saving",
    "weight_orig": "a mask or spectral norm is still in it: call prune.remove or remove_spectral_norm before saving",
}


def report_open(doubt: Open, problems: Problems) -> None:
    """Add the problem of layers and modules that fit in several ways, with lines for a map that decide it."""
    layers = ", ".join(receiver.name for receiver in doubt.receivers)
    lines = [f"candidates: {', '.join(map(str, doubt.modules))}"]
    for reading, (why, pairs) in enumerate(doubt.readings, 1):
        lines.append(f"reading {reading}, {why}: put into MAP under [layers]")
        lines += [f"    {map_line(receiver.name, (module.name,))}" for receiver, module in pairs.items()]
    if not doubt.readings:
        lines.append("say which in MAP, under [layers]:")
        lines += [f"    {map_line(receiver.name, ('...',))}" for receiver in doubt.receivers]
    what = f"which module fills {layers} is open"
    problems.add(
        what, why=doubt.why, hint="\n       ".join(lines), origin=doubt.receivers[0].nodes[0].origin, kind=SEVERAL_WAYS
    )


def keys_left(modules: Sequence[Module], matched: Matched, known: Known) -> dict[str, str]:
    """The keys that no blob took, with the reason; those of open modules are reported elsewhere."""
    used = {*matched.pairs.values(), *matched.folded.values()}
    doubtful = {module for doubt in matched.open for module in doubt.modules}
    left = {}
    for module in modules:
        if module in used or module in doubtful:
            reason = "counts the batches of the training; no output depends on it"
            left.update({key: reason for key in module.keys if key.rpartition(".")[2] == COUNTER})
        elif module in known.aliases and known.aliases[module] in used:
            left.update(dict.fromkeys(module.keys, f"the same numbers as {known.aliases[module].name}"))
        else:
            left.update(dict.fromkeys(module.keys, ""))
    return left


def report_left(
    unfilled: Sequence[Receiver],
    left: Mapping[str, str],
    modules: Sequence[Module],
    tensors: Mapping[str, Tensor],
    given: Map,
    problems: Problems,
) -> None:
    """Add a problem for each receiver without a module, each module without a receiver, each idle line of the map."""
    for receiver in unfilled:
        free = [module for module in modules if left.get(module.keys[0]) == "" and module.kind == receiver.kind]
        near = ", ".join(map(str, free[:3]))
        hint = f"not taken yet: {near}" if near else "--partial leaves it to its filler"
        problems.add(f"no module fills {receiver}", hint=hint, origin=receiver.nodes[0].origin, kind=NOT_FILLED)
    for module in modules:
        lost = [key for key in module.keys if left.get(key) == ""]
        if lost:
            reason = _WRAPPED.get(lost[0].rpartition(".")[2], "")
            if module.kind == "batchnorm":
                reason = "no BatchNorm or Scale is left for it, and no filter that surely stands before it"
            hint = f'if it is left out on purpose, put unused = ["{module.name}*"] into MAP, or give --partial'
            problems.add(f"no layer takes {module}", why=reason, hint=hint, kind=NOT_USED)
    for pattern in given.unused:
        if not any(fnmatchcase(key, pattern) for key in tensors):
            problems.add(f"no key is called {pattern}, which the map says is unused", kind=MAP)


def notes_of(net: Net, matched: Matched, copied: Filled, prefix: str) -> Iterator[tuple[str, str]]:
    """The notes (layer, text) on what was matched: prefixes, statistics that Caffe would not use, narrowed types."""
    if prefix:
        yield "", f"weights taken without the prefix {prefix}"
    for node in net.nodes:
        if isinstance(node.layer, BatchNorm) and not node.layer.use_global_stats:
            yield node.name, "use_global_stats is false: it will not use the mean and variance that it is given"
    modules = {module.name: module for module in (*matched.pairs.values(), *matched.folded.values())}.values()
    taken = (tensor for module in modules for role, tensor in module.tensors.items() if role != COUNTER)
    for dtype, count in weights.narrowed((*taken, *copied.tensors.values())).items():
        yield "", f"{count} tensors of {dtype} are written as float32"
