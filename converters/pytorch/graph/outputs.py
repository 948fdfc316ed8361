"""The outputs of the net: those of the program, under the names that it gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from caffe_ir.layers import Input, copy_layer
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.pytorch.graph.value import Value

NAMING = (pytree.MappingKey, pytree.GetAttrKey)


def name_outputs(net: Net, program: ExportedProgram, results: Sequence[Value | None]) -> None:
    """Make the results the net's outputs; keys of dicts and names of namedtuples become names of tops.

    A blob that cannot bear a key, because it is an input, one of several tops, read by others or several outputs, gets
    a copy that does.
    """
    wanted, times = dict[str, str](), Counter(value.blob for value in results if value is not None)
    for place, (key, value) in enumerate(zip(output_keys(program, len(results)), results, strict=True)):
        if value is None:
            net.note("dropped", f"{key or f'output {place}'} is not a tensor; the net does not have it")
            continue
        blob = value.blob
        if key and (times[blob] > 1 or not net.can_end_at(blob)):
            blob = _copied(net, blob, key)
        net.outputs.append(blob)
        if key:
            wanted[blob] = key
    _rename(net, wanted)


def _copied(net: Net, blob: str, key: str) -> str:
    name, origin = net.fresh_name(f"{blob}_{key}"), net.producer(blob).origin
    layer = copy_layer(net.shapes[blob])
    return net.append(Node(name=name, layer=layer, bottoms=(blob,), tops=(name,), origin=origin)).top


def output_keys(program: ExportedProgram, count: int) -> list[str]:
    """A name for each output, empty where the program gives none: {"aux": (a, b)} gives aux_0 and aux_1."""
    spec = program.call_spec.out_spec
    if spec is None or spec.num_leaves != count:
        return [""] * count
    paths, _ = pytree.tree_flatten_with_path(pytree.tree_unflatten(list(range(count)), spec))
    return ["_".join(map(_step, path)) if any(isinstance(key, NAMING) for key in path) else "" for path, _ in paths]


def _step(key: object) -> str:
    if isinstance(key, pytree.MappingKey):
        return str(key.key)
    return key.name if isinstance(key, pytree.GetAttrKey) else str(getattr(key, "idx", key))


def _rename(net: Net, wanted: Mapping[str, str]) -> None:
    """Call blobs, and the layers that make only them, by new names; who has one already gets a number behind it."""
    waiting = {}
    for blob, name in wanted.items():
        waiting[f"{name} (waiting)"] = name
        net.rename(blob, f"{name} (waiting)")
    for blob, name in waiting.items():
        for node in [node for node in net.nodes if name in (node.name, *node.tops)]:
            free = net.fresh_name(name)
            if name in node.tops:
                if isinstance(node.layer, Input):
                    net.note("assumed", f"the input {name} is called {free}: an output has its name", node.origin)
                net.rename(name, free)
            else:
                net.update(node, replace(node, name=free))
        net.rename(blob, name)
