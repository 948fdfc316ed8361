"""A state_dict into a given net: every layer filled, every key accounted for, or all refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.error_kinds.transplant import MAP
from caffe_ir.errors import ConversionError, Problems
from caffe_ir.near_misses import did_you_mean
from caffe_ir.net import Net
from converters.transplant import fits, names, weights
from converters.transplant.left_over import keys_left, notes_of, report_left, report_open
from converters.transplant.map_file import Map
from converters.transplant.matching import Known, Matched, match
from converters.transplant.modules import Module, aliases, batch_norm_of, modules_of
from converters.transplant.own_nets import Filled, NamedSources, filled_as_named, under_their_names
from converters.transplant.receivers import Receiver, receivers_of
from converters.weights.tensors import Tensor, not_read


class Row(Struct, frozen=True, kw_only=True):
    """One line of the mapping: layers, the modules that fill them, why, and what was changed on the way."""

    layers: tuple[str, ...]
    top: str
    modules: tuple[str, ...]
    why: str
    changes: tuple[str, ...]
    named: bool = False
    """The prototxt itself says so: `modules` are the keys."""


class Transplanted(Struct, frozen=True, kw_only=True):
    """The net with its weights; `unfilled` layers have none yet, and keys in `left` went nowhere, with the reason."""

    net: Net
    rows: tuple[Row, ...]
    left: Mapping[str, str]
    unfilled: frozenset[str]


def transplant(
    net: Net,
    tensors: Mapping[str, Tensor],
    *,
    given: Map | None = None,
    named: NamedSources | None = None,
    eps: float | None = weights.EPS,
    partial: bool = False,
) -> Transplanted:
    """Fill a net from the tensors of a state_dict.

    `named` is what the prototxt says of its own weights, of which then nothing is matched but what it does not name.
    `eps` is that of the modules, None that of each BatchNorm layer. Raises ConversionError with every layer that is
    open, with its candidates and lines for a map; and, unless `partial`, with every layer and key that is left.
    """
    net.check()
    given, named, problems = given or Map(), named or NamedSources(), Problems()
    tensors, prefix = under_their_names(tensors, named)
    filled = filled_as_named(net, tensors, named, problems, without=given.layers)
    problems.raise_if_any()
    receivers, followers = receivers_of(net, without=filled.blobs)
    left = dict(filled.left) | {
        key: "left out by the map" for key in tensors if any(fnmatchcase(key, one) for one in given.unused)
    }
    Problems(
        found=[not_read(one.dtype, key) for key, one in tensors.items() if key not in left and not one.is_read]
    ).raise_if_any()
    rest = {key: tensor for key, tensor in tensors.items() if key not in left and key not in filled.tensors}
    modules = modules_of(rest)
    matched, skipped = _as_given(given, receivers, modules)
    known = Known(
        called=names.without_common_prefix(modules),
        norm_of=batch_norm_of(modules),
        with_norm=frozenset(receiver.behind for receiver in receivers if receiver.kind == "norm"),
        aliases=aliases(modules),
    )
    match([receiver for receiver in receivers if receiver not in skipped], modules, matched, known)
    for doubt in matched.open:
        report_open(doubt, problems)
    doubtful = {receiver for doubt in matched.open for receiver in doubt.receivers}
    unfilled = [receiver for receiver in receivers if receiver not in matched.pairs and receiver not in doubtful]
    left |= keys_left(modules, matched, known)
    if not partial:
        report_left(unfilled, left, modules, tensors, given, problems)
    rows, blobs = _filled(receivers, matched, eps, problems)
    problems.raise_if_any()
    return Transplanted(
        net=_with_blobs(net, {**filled.blobs, **blobs}, followers, notes_of(net, matched, filled, prefix)),
        rows=(*_rows_named(net, filled, named), *rows),
        left=left,
        unfilled=frozenset(name for receiver in unfilled for name in receiver.names),
    )


# ---- What the user says ----------------------------------------------------------------------------------------------


def _as_given(given: Map, receivers: Sequence[Receiver], modules: Sequence[Module]) -> tuple[Matched, set[Receiver]]:
    by_layer = {name: receiver for receiver in receivers for name in receiver.names}
    by_name = {module.name: module for module in modules}
    with_norm = {receiver.behind for receiver in receivers if receiver.kind == "norm"}
    matched, skipped, problems = Matched(), set[Receiver](), Problems()
    for layer, wanted in given.layers.items():
        missing = [name for name in wanted if name not in by_name]
        if layer not in by_layer:
            hint = did_you_mean(layer, by_layer, most=3)
            problems.add(f"the map names a layer {layer}, which takes no weights here", hint=hint, kind=MAP)
        for name in missing:
            problems.add(f"the map names a module {name}", hint=did_you_mean(name, by_name, most=3), kind=MAP)
        if missing or layer not in by_layer:
            continue
        receiver = by_layer[layer]
        if not wanted:
            skipped.add(receiver)
            continue
        module = by_name[wanted[0]]
        if reason := fits.misfit(receiver, module, receiver.place in with_norm):
            problems.add(
                f"the map puts {module.name} into {layer}", why=reason, origin=receiver.nodes[0].origin, kind=MAP
            )
            continue
        matched.settle({receiver: module}, "the map")
        if len(wanted) == 2:
            norm = by_name[wanted[1]]
            outputs = receiver.nodes[0].layer.num_output if hasattr(receiver.nodes[0].layer, "num_output") else 0
            if norm.kind != "batchnorm" or receiver.kind != "filter" or norm.main.shape != (outputs,):
                problems.add(f"the map folds {norm} into {layer}", why="it is not a BatchNorm of its outputs", kind=MAP)
            matched.folded[receiver] = norm
    problems.raise_if_any()
    return matched, skipped


# ---- What is done ----------------------------------------------------------------------------------------------------


def _rows_named(net: Net, copied: Filled, named: NamedSources) -> Iterator[Row]:
    for node in net.nodes:
        if node.name in copied.blobs:
            keys = copied.keys[node.name]
            changes = ("the rest is constant",) if keys and len(keys) < len(node.blobs) else ()
            modules, why = keys or (f"the constants in {named.caffemodel.name}",), "as the prototxt says"
            yield Row(layers=(node.name,), top=node.tops[0], modules=modules, why=why, changes=changes, named=True)


def _filled(
    receivers: Sequence[Receiver], matched: Matched, eps: float | None, problems: Problems
) -> tuple[list[Row], dict[str, tuple[Blob, ...]]]:
    rows: list[Row] = []
    blobs: dict[str, tuple[Blob, ...]] = {}
    absorbed = {
        receiver.place: module.tensors["bias"]
        for receiver, module in matched.pairs.items()
        if receiver.kind == "filter" and not receiver.has_bias and "bias" in module.tensors
    }
    for receiver in receivers:
        module, norm = matched.pairs.get(receiver), matched.folded.get(receiver)
        if module is None:
            continue
        try:
            before = absorbed.get(receiver.behind) if receiver.behind is not None else None
            made, changes = _blobs(receiver, module, norm, eps, before)
        except ConversionError as error:
            problems.found.extend(error.problems)
            continue
        blobs |= made
        chosen = (module.name, *([norm.name] if norm else []))
        top = receiver.nodes[-1].tops[0]
        rows.append(Row(layers=receiver.names, top=top, modules=chosen, why=matched.why[receiver], changes=changes))
    return rows, blobs


def _blobs(
    receiver: Receiver, module: Module, norm: Module | None, eps: float | None, absorbed: Tensor | None
) -> weights.Filled:
    if receiver.kind == "filter":
        return weights.filter_blobs(receiver, module, norm, weights.EPS if eps is None else eps)
    if receiver.kind == "norm":
        return weights.norm_blobs(receiver, module, eps, absorbed)
    if receiver.kind == "lstm":
        return weights.lstm_blobs(receiver, module)
    return weights.plain_blobs(receiver, module)


def _with_blobs(
    net: Net, blobs: Mapping[str, tuple[Blob, ...]], followers: Mapping[str, str], notes: Iterator[tuple[str, str]]
) -> Net:
    nodes = [
        replace(node, blobs=blobs[owner]) if (owner := followers.get(node.name, node.name)) in blobs else node
        for node in net.nodes
    ]
    filled = dataclasses.replace(net, nodes=nodes, notes=list(net.notes))
    for name, text in notes:
        filled.note("warning" if name else "assumed", text, filled.node(name).origin if name else None)
    return filled
