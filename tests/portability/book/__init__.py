"""What readers of Caffe files ask of them, typed from their documents, sources and from trials; nothing here comes from
the product's data.

A rule is asked about a layer as its file spells it, and says whether the layer breaks it. `broken` lists what a pair of
files breaks of a reader's book.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from caffe_ir.proto import caffe_pb2
from tests.portability.book import chips, engines, importers
from tests.portability.book.layer import Layer, Shape
from tests.portability.book.rules import EVERY, STORED, Book, coefficients

BOOKS: dict[str, Book] = {**engines.BOOKS, **importers.BOOKS, **chips.BOOKS}
BOOKS["svp"] = (BOOKS["nnie"][0], [rule for rule in BOOKS["nnie"][1] if rule[0] != "Permute"])
BOOKS["acuity"] = BOOKS["rknn1"]
OF_PORTABLE = ("caffe", "opencv", "ncnn", "mnn", "openvino", "rknn2")
"""The engines that compute the files for all."""
BOOKS["portable"] = (
    frozenset.intersection(*(BOOKS[one][0] for one in OF_PORTABLE)),
    [rule for one in OF_PORTABLE for rule in BOOKS[one][1]],
)
BOOKS["ambarella"] = BOOKS["portable"]
BOOKS["novatek"] = (BOOKS["portable"][0] - {"Swish", "DummyData"}, BOOKS["portable"][1])

COMPUTE_STATISTICS = ("caffe", "caffe-master", "ssd")
"""They take the statistics of a BatchNorm's own bottom where it says so."""
WITH_A_SCALE_BEHIND = ("mace",)
"""They want a Scale right behind every BatchNorm."""
WITH_THE_NEXT_SCALE = ("caffe2onnx",)
"""They compute a BatchNorm with the Scale that stands behind it in the file, and pass over that."""
MAXIMA_FROM_ZERO = ("nncase",)
"""They take a 0 into every maximum."""
ORDER_IN_PLACE = {"nncase": ("BatchNorm", "Scale", "ReLU")}
"""They find what stands in place on a blob by its type, each type once and in this order; a BatchNorm reads what was
there before."""
OUTPUTS, NAME = {"nnie": 16, "svp": 16}, {"nnie": 31, "svp": 31}
"""The most outputs, and the longest names of inputs and outputs."""


def layers(stem: Path, shapes: Mapping[str, Sequence[Sequence[Shape]]]) -> list[Layer]:
    """The layers of a pair of files; `shapes` has those of the bottoms and the tops of each, by its name."""
    text = _message(stem.with_name(f"{stem.name}.prototxt"))
    weights = caffe_pb2.NetParameter.FromString(stem.with_name(f"{stem.name}.caffemodel").read_bytes())
    old = [text.input, text.layers, text.input_dim, text.input_shape]
    assert not any(map(len, old)), "a form of older files"
    assert {field.name for layer in weights.layer for field, _ in layer.ListFields()} <= {"name", "type", "blobs"}
    types = {layer.name: layer.type for layer in text.layer}
    assert all(layer.type == types[layer.name] for layer in weights.layer)
    assert len(types) == len(text.layer)
    return spelled(text, {layer.name: layer.blobs for layer in weights.layer}, shapes)


def _message(path: Path) -> Any:
    return text_format.Parse(path.read_text(encoding="utf-8"), caffe_pb2.NetParameter())


def spelled(
    text: Any, blobs: Mapping[str, Sequence[Any]], shapes: Mapping[str, Sequence[Sequence[Shape]]]
) -> list[Layer]:
    """The layers of a net as its message spells them, with the blobs and the shapes of each by its name."""
    writer: dict[str, Any] = {}
    found, inputs = [], {top for layer in text.layer if layer.type == "Input" for top in layer.top}
    for layer in text.layer:
        writers = [writer[bottom] for bottom in layer.bottom]  # a KeyError: the order is wrong
        bottoms, tops = shapes[layer.name]
        found.append(
            Layer(
                message=layer,
                bottoms=bottoms,
                tops=tops,
                writers=writers,
                inputs=inputs,
                blobs=blobs.get(layer.name, ()),
            )
        )
        writer.update(dict.fromkeys(layer.top, layer))
    return found


def broken(target: str, read: Sequence[Layer]) -> list[str]:
    """What the layers break of a reader's book, each with the layer's name."""
    types, rules = BOOKS[target]
    said = [f"{layer.message.name}: no layer {layer.type}" for layer in read if layer.type not in types]
    stored = () if target in COMPUTE_STATISTICS else STORED
    for kind, text, breaks in (*EVERY, *stored, *rules):
        said += [
            f"{layer.message.name} ({layer.type}): {text}"
            for layer in read
            if kind in ("*", layer.type) and breaks(layer)
        ]
    return [*said, *_of_the_net(target, read)]


def _of_the_net(target: str, read: Sequence[Layer]) -> Iterator[str]:
    used = {bottom for layer in read for bottom in layer.message.bottom}
    ends = [top for layer in read for top in layer.message.top if top not in used or layer.type == "Input"]
    outputs = [top for layer in read for top in dict.fromkeys(layer.message.top) if top not in used]
    if len(outputs) > OUTPUTS.get(target, len(outputs)):
        yield f"{len(outputs)} outputs"
    yield from (f"{name} is too long" for name in ends if len(name) > NAME.get(target, len(name)))
    if target in WITH_A_SCALE_BEHIND:
        for place, layer in enumerate(read):
            behind = [one for one in read[place + 1 :] if layer.message.top[0] in one.message.bottom][:1]
            if layer.type == "BatchNorm" and not any(one.type == "Scale" for one in behind):
                yield f"{layer.message.name}: a BatchNorm without a Scale behind it"
    if target in ORDER_IN_PLACE:
        yield from _of_the_order_in_place(read, ORDER_IN_PLACE[target])
    if target in MAXIMA_FROM_ZERO:
        yield from _of_maxima(read)
    if target in WITH_THE_NEXT_SCALE:
        for norm, next_one in zip_longest(read, read[1:]):
            if norm.type == "BatchNorm":
                yield from _of_the_next_scale(read, norm, next_one)


def _of_maxima(read: Sequence[Layer]) -> Iterator[str]:
    """Each blob under the name that it has just then: none of its numbers is negative, or one may be."""
    above: dict[str, bool] = {}
    for layer in read:
        known = [above[bottom] for bottom in layer.message.bottom]
        if layer.type == "Pooling" and layer.value("pool", "MAX") == "MAX" and not known[0]:
            yield f"{layer.message.name}: a maximum over what may be negative"
        one = layer.type in ("AbsVal", "Sigmoid", "Softmax") or (
            layer.type == "ReLU" and layer.value("negative_slope", 0.0) <= 0
        )
        one = one or (layer.type in ("ReLU", "Pooling") and known[0])
        if layer.type in ("Concat", "Slice", "Split", "Reshape", "Flatten", "Permute", "Dropout", "Eltwise"):
            one = all(known) and min(coefficients(layer) if layer.type == "Eltwise" else (), default=1.0) >= 0
            one = one or (layer.type == "Eltwise" and layer.value("operation", "SUM") == "MAX" and any(known))
        above.update(dict.fromkeys(layer.message.top, one))


def _of_the_order_in_place(read: Sequence[Layer], order: Sequence[str]) -> Iterator[str]:
    standing: dict[str, list[Layer]] = {}
    for layer in read:
        before = [standing[bottom] for bottom in layer.message.bottom if bottom in standing]
        if layer.type == order[0]:
            yield from (f"{found[-1].message.name}: a {order[0]} does not see it" for found in before)
        if layer.in_place and layer.type in order:
            if any(order.index(one.type) >= order.index(layer.type) for found in before for one in found):
                yield f"{layer.message.name}: it stands in place behind one that is looked for first"
            standing.setdefault(layer.message.top[0], []).append(layer)
    for name, found in standing.items():
        if [one for one in read if name in one.message.bottom][-1] is found[-1]:
            yield f"{found[-1].message.name}: the net ends in place"


def _of_the_next_scale(read: Sequence[Layer], norm: Layer, scale: Layer | None) -> Iterator[str]:
    if scale is None or scale.type != "Scale":
        yield f"{norm.message.name}: no Scale stands behind it"
        return
    before, after = (sum(any(one is each.message for one in layer.writers) for layer in read) for each in (norm, scale))
    own = list(scale.message.bottom) == list(norm.message.top) and before == 1 and scale.value("bias_term", False)
    if not own or (after and scale.message.top != scale.message.bottom):
        yield f"{scale.message.name}: the Scale behind a BatchNorm, and not its own"
