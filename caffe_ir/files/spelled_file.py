"""How a prototxt is written, whatever it means: its old forms, and the fields of each layer with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from caffe_ir.errors import Origin
from caffe_ir.files.net_text import parsed_as_it_is, read_message, runs_at_test, text_of, upgraded
from caffe_ir.files.prototxt import values
from caffe_ir.files.spelling import Messages, misspelled, old_form_verdicts, old_forms, spelled
from caffe_ir.files.text_places import layer_lines, layers_in, lines_of_layers
from caffe_ir.layers import LAYERS
from caffe_ir.net import Net
from caffe_ir.targets.target import OldForm, Target, Verdict


class Spelled(Struct, frozen=True, kw_only=True):
    """How a prototxt is written: its old forms, and for each layer at phase TEST its place, parameters and tops, the
    `param` that it has for its weights, and its text."""

    path: Path
    forms: frozenset[OldForm]
    layers: Sequence[tuple[Origin, Messages, Sequence[str], int, str]]


def spelled_file(prototxt: str | Path) -> Spelled:
    """How a prototxt is written, whatever that means. Raises ConversionError where Caffe could not parse the file."""
    path = Path(prototxt)
    text = text_of(path)
    message = parsed_as_it_is(path, text)
    forms = old_forms(message)
    upgraded(path, message)
    stages = frozenset(message.state.stage)
    lines = layer_lines(message, lines_of_layers(text))
    texts = [text[slice(*span)] for span in layers_in(text)] if None not in lines else [""] * len(lines)
    layers = [
        (
            Origin(layer=layer.name, what=layer.type, file=str(path), line=line),
            spelled(layer),
            tuple(layer.top),
            len(layer.param),
            written,
        )
        for layer, line, written in zip(message.layer, lines, texts, strict=True)
        if runs_at_test(layer, stages)
    ]
    return Spelled(path=path, forms=forms, layers=layers)


def misspellings(file: Spelled, target: Target, net: Net | None = None) -> Iterator[tuple[Origin, Verdict]]:
    """What a target does not read in the text of a prototxt, with its lines; `net` is what the text means."""
    for verdict in old_form_verdicts(file.forms, target):
        yield Origin(layer=file.path.name, what="net", file=str(file.path), line=1), verdict
    for origin, messages, tops, params, text in file.layers:
        node = net.node(origin.layer) if net and net.has(origin.layer) else None
        bottoms = net.shapes_of(node.bottoms) if net and node else ()
        if node and target.shares_memory and params > (held := len(node.layer.blob_shapes(bottoms))):
            why = f"{params} `param`, more than its weights ({held})"
            yield origin, Verdict(why=why, source="net.cpp, Net::Init", evidence=target.evidence)
        yield from ((origin, verdict) for verdict in misspelled(origin.what, messages, target, tops, bottoms, text))


def read_spelled(prototxt: str | Path) -> dict[str, dict[str, Any]]:
    """The parameters of every layer that runs at phase TEST as the file spells them, fillers and all, by its name.

    Raises ConversionError where Caffe could not parse the file.
    """
    message, _ = read_message(prototxt)
    stages = frozenset(message.state.stage)
    kept = [layer for layer in message.layer if runs_at_test(layer, stages) and layer.type in LAYERS]
    params = {layer.name: LAYERS[layer.type].param for layer in kept}
    return {layer.name: values(getattr(layer, params[layer.name])) if params[layer.name] else {} for layer in kept}
