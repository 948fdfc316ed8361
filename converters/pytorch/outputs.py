"""The outputs of the net: those of the program, under the names that it gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from caffe_ir.layers import Input
from caffe_ir.net import Net
from converters.pytorch.build import Value

NAMING = (pytree.MappingKey, pytree.GetAttrKey)


def name_outputs(net: Net, program: ExportedProgram, results: Sequence[Value | None]) -> None:
    """Make the results the net's outputs; keys of dicts and names of namedtuples become names of tops."""
    wanted, named = dict[str, str](), dict[str, str]()
    for place, (key, value) in enumerate(zip(output_keys(program, len(results)), results, strict=True)):
        told = key or f"output {place}"
        if value is None:
            net.note("dropped", f"{told} is no tensor; the net does not have it")
            continue
        producer = net.producer(value.blob)
        if value.blob in net.outputs:
            net.note("assumed", f"{told} is the same blob as {named[value.blob]}", producer.origin)
            continue
        net.outputs.append(value.blob)
        named[value.blob] = told
        if isinstance(producer.layer, Input):
            if key != value.blob:
                net.note("assumed", f"{told} is the input {value.blob} itself", producer.origin)
        elif key:
            wanted[value.blob] = key
    _rename(net, wanted)


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
        _call(net, blob, f"{name} (waiting)")
    for blob, name in waiting.items():
        for node in [node for node in net.nodes if name in (node.name, *node.tops)]:
            free = net.fresh_name(name)
            if name in node.tops:
                if isinstance(node.layer, Input):
                    net.note("assumed", f"the input {name} is called {free}: an output has its name", node.origin)
                _call(net, name, free)
            else:
                net.update(node, replace(node, name=free))
        _call(net, blob, name)


def _call(net: Net, blob: str, name: str) -> None:
    node = net.producer(blob)
    tops = tuple(name if top == blob else top for top in node.tops)
    net.update(node, replace(node, name=name if len(tops) == 1 else node.name, tops=tops))
    net.shapes[name] = net.shapes.pop(blob)
    net.redirect(blob, name)
