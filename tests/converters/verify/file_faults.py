"""Faults planted into finished files, through protobuf and json alone: nothing of the converter's is used to make them.

Each kind changes one thing in a pair of files (or what stands beside it) and says which layer or file is guilty. What
changes nothing that Caffe computes is a kind too, and must be named in a warning.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import text_format

from caffe_ir.proto import caffe_pb2

Layer = caffe_pb2.LayerParameter
Rng = np.random.Generator


class NoPlace(Exception):
    """A net has no layer that such a fault could be planted in."""


@dataclass
class Files:
    """A pair of files and the facts beside them, as messages that can be changed."""

    net: caffe_pb2.NetParameter
    weights: caffe_pb2.NetParameter
    heads: Any
    comment: str
    """The first line of the prototxt, which says what version wrote it."""

    @staticmethod
    def read(stem: Path) -> Files:
        heads = Path(f"{stem}.heads.json")
        return Files(
            comment=Path(f"{stem}.prototxt").read_text().partition("\n")[0],
            net=text_format.Parse(Path(f"{stem}.prototxt").read_text(), caffe_pb2.NetParameter()),
            weights=caffe_pb2.NetParameter.FromString(Path(f"{stem}.caffemodel").read_bytes()),
            heads=json.loads(heads.read_text()) if heads.exists() else None,
        )

    def write(self, stem: Path) -> None:
        Path(f"{stem}.prototxt").write_text(f"{self.comment}\n{text_format.MessageToString(self.net)}")
        Path(f"{stem}.caffemodel").write_bytes(self.weights.SerializeToString())
        heads = Path(f"{stem}.heads.json")
        heads.unlink(missing_ok=True)
        if self.heads is not None:
            heads.write_text(self.heads if isinstance(self.heads, str) else json.dumps(self.heads))

    def copy(self) -> Files:
        return copy.deepcopy(self)

    # ---- what is there ----------------------------------------------------------------------------------------------

    def layers(self, *types: str) -> list[Layer]:
        return [layer for layer in self.net.layer if not types or layer.type in types]

    def outputs(self) -> list[str]:
        """The blobs that nothing reads but a layer in place; by the file's own names."""
        read = {bottom for layer in self.net.layer for bottom in layer.bottom if bottom not in layer.top}
        return list(dict.fromkeys(top for layer in self.net.layer for top in layer.top if top not in read))

    def stored(self, name: str) -> Layer:
        return next(layer for layer in self.weights.layer if layer.name == name)

    def weighty(self, *types: str) -> list[Layer]:
        """The layers of the caffemodel that have weights."""
        kinds = {layer.name: layer.type for layer in self.net.layer}
        return [layer for layer in self.weights.layer if layer.blobs and (not types or kinds.get(layer.name) in types)]

    def writer(self, blob: str) -> Layer:
        """The last layer that writes a blob."""
        return [layer for layer in self.net.layer if blob in layer.top][-1]


def one(rng: Rng, choices: list[Any]) -> Any:
    if not choices:
        raise NoPlace
    return choices[int(rng.integers(len(choices)))]


def numbers(blob: caffe_pb2.BlobProto) -> npt.NDArray[np.float32]:
    return np.array(blob.data, np.float32).reshape(tuple(blob.shape.dim))


def put(blob: caffe_pb2.BlobProto, values: npt.NDArray[Any]) -> None:
    """Other numbers in a blob. Raises NoPlace where they are the same."""
    flat = np.ascontiguousarray(values, np.float32).reshape(-1)
    if np.array_equal(flat, np.array(blob.data, np.float32), equal_nan=True):
        raise NoPlace
    del blob.data[:]
    blob.data.extend(flat.tolist())


def text(layer: str) -> Layer:
    return text_format.Parse(layer, Layer())


def behind(files: Files, place: Layer, new: Layer) -> None:
    """Put a layer right behind another one."""
    layers = list(files.net.layer)
    number = next(number for number, layer in enumerate(layers) if layer.name == place.name)
    del files.net.layer[:]
    files.net.layer.extend([*layers[: number + 1], new, *layers[number + 1 :]])


def without(files: Files, place: Layer) -> None:
    layers = [layer for layer in files.net.layer if layer.name != place.name]
    del files.net.layer[:]
    files.net.layer.extend(layers)


IN_PLACE = 'name: "surplus" type: "{}" bottom: "BLOB" top: "BLOB" {}'
Plant = Callable[[Files, Rng], str]
"""Changes the files, and gives the name of the layer or file that is guilty, or of either of two. Raises NoPlace."""


# ---- weights -------------------------------------------------------------------------------------------------------


def in_weights(change: Callable[[npt.NDArray[np.float32], Rng], npt.NDArray[Any]], *types: str, at: int = 0) -> Plant:
    """One blob of one layer with other numbers in the same shape."""

    def plant(files: Files, rng: Rng) -> str:
        layer = one(rng, [layer for layer in files.weighty(*types) if len(layer.blobs) > at])
        put(layer.blobs[at], change(numbers(layer.blobs[at]), rng))
        return layer.name

    return plant


def in_one_channel(factor: float) -> Callable[[npt.NDArray[np.float32], Rng], npt.NDArray[Any]]:
    def changed(values: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[Any]:
        other = values.astype(np.float64)
        other[int(rng.integers(len(other)))] *= factor
        return other

    return changed


def nudged(values: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[Any]:
    """One number 1e-5 larger."""
    other = values.astype(np.float64)
    other.flat[int(rng.integers(other.size))] += 1e-5
    return other


def stretched(values: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[Any]:
    """One number a millionth larger: some ten of the last bits of float32."""
    other = values.astype(np.float64)
    other.flat[int(rng.integers(other.size))] *= 1 + 1e-6
    return other


def swapped(values: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[Any]:
    if len(values) < 2:
        raise NoPlace
    first, second = rng.choice(len(values), 2, replace=False)
    other = values.copy()
    other[[first, second]] = other[[second, first]]
    return other


def turned(values: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[Any]:
    if values.ndim < 2 or values.shape[-1] != values.shape[-2]:
        raise NoPlace
    return values.swapaxes(-1, -2)


def with_nan(values: npt.NDArray[np.float32], rng: Rng) -> npt.NDArray[Any]:
    other = values.copy()
    other.flat[int(rng.integers(other.size))] = np.nan
    return other


def forgotten(files: Files, rng: Rng) -> str:
    """The caffemodel without a layer: Caffe runs it on its fillers."""
    layer = one(rng, files.weighty())
    files.weights.layer.remove(layer)
    return str(layer.name)


def twice(files: Files, rng: Rng) -> str:
    """A layer a second time, and the second one, which Caffe takes, is wrong."""
    layer = one(rng, files.weighty())
    second = files.weights.layer.add()
    second.CopyFrom(layer)
    put(second.blobs[0], stretched(numbers(second.blobs[0]), rng))
    return str(layer.name)


def shortened(files: Files, rng: Rng) -> str:
    """The last blob one number shorter."""
    layer = one(rng, [layer for layer in files.weighty() if len(layer.blobs[-1].shape.dim) == 1])
    blob = layer.blobs[-1]
    del blob.data[-1:]
    blob.shape.dim[0] -= 1
    return str(layer.name)


# ---- parameters ----------------------------------------------------------------------------------------------------


def another_eps(files: Files, rng: Rng) -> str:
    layer = one(rng, files.layers("BatchNorm"))
    eps = layer.batch_norm_param.eps
    layer.batch_norm_param.eps = 1e-6 if eps < 1e-7 else 1.001 * eps
    return str(layer.name)


def another_slope(files: Files, rng: Rng) -> str:
    layer = one(rng, [layer for layer in files.layers("ReLU") if layer.relu_param.negative_slope])
    layer.relu_param.negative_slope *= 1 + 1e-6
    return str(layer.name)


def a_limit_of_zero(files: Files, rng: Rng) -> str:
    """A leaky ReLU without its slope."""
    layer = one(rng, [layer for layer in files.layers("ReLU") if layer.relu_param.negative_slope])
    layer.ClearField("relu_param")
    return str(layer.name)


def another_pad(files: Files, rng: Rng) -> str:
    layer = one(rng, [layer for layer in files.layers("Convolution") if layer.convolution_param.pad])
    layer.convolution_param.pad[0] += 1
    return str(layer.name)


def another_stride(files: Files, rng: Rng) -> str:
    layer = one(rng, [layer for layer in files.layers("Convolution") if layer.convolution_param.stride])
    layer.convolution_param.stride[0] += 1
    return str(layer.name)


def dilated(files: Files, rng: Rng) -> str:
    """A kernel that reads every second cell, with the padding that keeps the size."""
    kernels = [layer for layer in files.layers("Convolution") if list(layer.convolution_param.kernel_size) == [3]]
    layer = one(rng, [layer for layer in kernels if list(layer.convolution_param.pad) == [1]])
    layer.convolution_param.dilation.append(2)
    layer.convolution_param.pad[0] = 2
    return str(layer.name)


def mean_for_maximum(files: Files, rng: Rng) -> str:
    pools = files.layers("Pooling")
    layer = one(rng, [pool for pool in pools if pool.pooling_param.pool == 0 and pool.pooling_param.kernel_size != 1])
    layer.pooling_param.pool = 1  # AVE
    return str(layer.name)


def another_type(files: Files, rng: Rng) -> str:
    layer = one(rng, files.layers("ReLU", "Sigmoid", "TanH", "ELU"))
    layer.type = one(rng, [kind for kind in ("Sigmoid", "TanH", "BNLL") if kind != layer.type])
    return str(layer.name)


def a_sum_of_other_parts(files: Files, rng: Rng) -> str:
    layer = one(rng, [layer for layer in files.layers("Eltwise") if layer.eltwise_param.operation == 1])
    layer.eltwise_param.coeff.extend([1.0, 1.0001] + [1.0] * (len(layer.bottom) - 2))
    return str(layer.name)


def in_another_order(files: Files, rng: Rng) -> str:
    layer = one(rng, files.layers("Concat"))
    bottoms = list(layer.bottom)
    if bottoms == bottoms[::-1]:
        raise NoPlace
    del layer.bottom[:]
    layer.bottom.extend(reversed(bottoms))
    return str(layer.name)


# ---- layers --------------------------------------------------------------------------------------------------------


def dropped(files: Files, rng: Rng) -> str:
    """An in-place layer less."""
    layer = one(rng, [layer for layer in files.net.layer if list(layer.top) == list(layer.bottom)])
    without(files, layer)
    return str(layer.name)


def inserted(files: Files, rng: Rng) -> str:
    """An in-place layer more, somewhere before the end."""
    ends = files.outputs()
    inner = [layer for layer in files.net.layer if layer.bottom and len(layer.top) == 1 and layer.top[0] not in ends]
    place = one(rng, [layer for layer in inner if layer.type not in ("Reshape", "Flatten")])
    scaled = IN_PLACE.format("Power", "power_param { scale: 1.001 }")
    behind(files, place, text(scaled.replace("BLOB", place.top[0])))
    return "surplus"


def at_an_output(layer: str, name: str = "surplus") -> Plant:
    """A layer more behind an output."""

    def plant(files: Files, rng: Rng) -> str:
        blob = one(rng, files.outputs())
        files.net.layer.append(text(layer.replace("BLOB", blob)))
        return name

    return plant


def renamed(files: Files, rng: Rng) -> str:
    """An output under another name."""
    blob = one(rng, files.outputs())
    guilty = files.writer(blob).name
    for layer in files.net.layer:
        for names in (layer.top, layer.bottom):
            for number, name in enumerate(names):
                names[number] = "renamed" if name == blob else name
    return str(guilty)


def reordered(files: Files, rng: Rng) -> str:
    """The last output before the one in front of it: either of the two is out of its place."""
    outputs = files.outputs()
    if len(outputs) < 2:
        raise NoPlace
    first, last = files.writer(outputs[-2]), files.writer(outputs[-1])
    mine = [layer for layer in files.net.layer if outputs[-2] in layer.top]
    if any(top != outputs[-2] for layer in mine for top in layer.top) or first.name == last.name:
        raise NoPlace
    rest = [layer for layer in files.net.layer if layer not in mine]
    del files.net.layer[:]
    files.net.layer.extend([*rest, *mine])
    if files.outputs() == outputs:
        raise NoPlace
    return f"{mine[0].name}, {last.name}"


def in_training_alone(files: Files, rng: Rng) -> str:
    """A layer in place that runs at phase TRAIN alone."""
    layer = one(rng, [layer for layer in files.net.layer if list(layer.top) == list(layer.bottom)])
    layer.include.add(phase=caffe_pb2.TRAIN)
    return str(layer.name)


def of_another_size(files: Files, rng: Rng) -> str:
    """The net for larger inputs, which all its layers take."""
    layer = one(rng, [layer for layer in files.layers("Input") if len(layer.input_param.shape[0].dim) == 4])
    layer.input_param.shape[0].dim[2] += 32
    return str(layer.name)


def a_bias_more(files: Files, rng: Rng) -> str:
    plain = [layer for layer in files.layers("Convolution") if not layer.convolution_param.bias_term]
    layer = one(rng, [layer for layer in plain if layer.name in {each.name for each in files.weighty()}])
    layer.convolution_param.ClearField("bias_term")
    count = layer.convolution_param.num_output
    files.stored(layer.name).blobs.add(data=rng.normal(size=count) / 100).shape.dim.append(count)
    return str(layer.name)


def one_more(files: Files, rng: Rng) -> str:
    """An output that the source does not have."""
    ends = files.outputs()
    place = one(rng, [layer for layer in files.net.layer if layer.bottom and layer.top and layer.top[0] not in ends])
    files.net.layer.append(text(f'name: "surplus" type: "TanH" bottom: "{place.top[0]}" top: "surplus"'))
    return "surplus"


# ---- the two files beside each other -------------------------------------------------------------------------------


def shared(files: Files, rng: Rng) -> str:
    """Two layers under one name for their weights, so that the later one's numbers are both's."""
    kinds = files.weighty("Convolution", "BatchNorm", "Scale", "InnerProduct")
    pairs = [
        (first, second)
        for number, first in enumerate(kinds)
        for second in kinds[number + 1 :]
        if first.type == second.type and first.blobs[0].shape == second.blobs[0].shape
        if list(first.blobs[0].data) != list(second.blobs[0].data)
    ]
    first, second = one(rng, pairs)
    for layer in files.net.layer:
        if layer.name in (first.name, second.name):
            layer.param.add(name="both")
    return str(first.name)


def in_training(files: Files, rng: Rng) -> str:
    layer = one(rng, files.layers("BatchNorm"))
    layer.batch_norm_param.ClearField("use_global_stats")
    layer.phase = caffe_pb2.TRAIN
    return str(layer.name)


def sum_in_place(files: Files, rng: Rng) -> str:
    """A sum that overwrites what it reads, where nothing else reads it: Caffe computes it wrongly."""
    readers: dict[str, int] = {}
    for layer in files.net.layer:
        for bottom in set(layer.bottom) - set(layer.top):
            readers[bottom] = readers.get(bottom, 0) + 1
    ends = files.outputs()
    sums = [layer for layer in files.layers("Eltwise") if readers[layer.bottom[0]] == 1 and layer.top[0] not in ends]
    layer = one(rng, sums)
    old, new = layer.top[0], layer.bottom[0]
    for other in files.net.layer:
        for names in (other.top, other.bottom):
            for number, name in enumerate(names):
                names[number] = new if name == old else name
    return str(layer.name)


# ---- what stands beside them ---------------------------------------------------------------------------------------


def in_heads(change: Callable[[Any, Rng], None]) -> Plant:
    """Another fact for the decoder."""

    def plant(files: Files, rng: Rng) -> str:
        if files.heads is None:
            raise NoPlace
        before = json.dumps(files.heads)
        change(files.heads, rng)
        if json.dumps(files.heads) == before:
            raise NoPlace
        return ".heads.json"

    return plant


def leaves(facts: Any) -> Iterator[tuple[Any, Any]]:
    """Every place with a plain value in it: what holds it, and its key."""
    for key, value in facts.items() if isinstance(facts, dict) else enumerate(facts):
        if isinstance(value, dict | list):
            yield from leaves(value)
        else:
            yield facts, key


def another_fact(facts: Any, rng: Rng) -> None:
    holder, key = one(rng, list(leaves(facts)))
    value = holder[key]
    changed = not value if isinstance(value, bool) else value + 1 if isinstance(value, int | float) else f"{value}?"
    holder[key] = changed


def one_fact_less(facts: Any, rng: Rng) -> None:
    holder, key = one(rng, list(leaves(facts)))
    del holder[key]


def torn(files: Files, rng: Rng) -> str:
    if files.heads is None:
        raise NoPlace
    whole = json.dumps(files.heads)
    files.heads = whole[: int(rng.integers(len(whole)))]
    return ".heads.json"


# ---- what changes nothing that Caffe computes ----------------------------------------------------------------------


def twice_and_right(files: Files, rng: Rng) -> str:
    layer = one(rng, files.weighty())
    files.weights.layer.add().CopyFrom(layer)
    return str(layer.name)


def of_another_type(files: Files, rng: Rng) -> str:
    layer = one(rng, files.weighty())
    layer.type = "Embed"
    return str(layer.name)


def for_nobody(files: Files, rng: Rng) -> str:
    files.weights.layer.add(name="nobody").blobs.add(data=[1.0]).shape.dim.append(1)
    return "nobody"


def filled(files: Files, rng: Rng) -> str:
    layer = one(rng, files.layers("Convolution"))
    layer.convolution_param.weight_filler.type = "xavier"
    return str(layer.name)


def backward(files: Files, rng: Rng) -> str:
    files.net.force_backward = True
    return ""


FAULTS: dict[str, Plant] = {
    "one weight 1e-5 off": in_weights(nudged, "Convolution", "InnerProduct"),
    "one weight a millionth off": in_weights(stretched),
    "one mean a thousandth off": in_weights(in_one_channel(1.001), "BatchNorm"),
    "one variance a ten-thousandth off": in_weights(in_one_channel(1.0001), "BatchNorm", at=1),
    "one bias of the other sign": in_weights(in_one_channel(-1), at=1),
    "weights that are all zero": in_weights(lambda values, rng: 0 * values),
    "weights twice too large": in_weights(lambda values, rng: 2 * values),
    "two channels exchanged": in_weights(swapped),
    "kernels with their axes exchanged": in_weights(turned, "Convolution", "InnerProduct"),
    "a weight that is not a number": in_weights(with_nan),
    "a layer that the caffemodel does not have": forgotten,
    "a layer twice, of which the last is wrong": twice,
    "a blob one number too short": shortened,
    "another eps": another_eps,
    "a slope a millionth off": another_slope,
    "a slope forgotten": a_limit_of_zero,
    "another padding": another_pad,
    "another stride": another_stride,
    "a dilation too many": dilated,
    "mean for maximum": mean_for_maximum,
    "another activation": another_type,
    "a sum with a coefficient": a_sum_of_other_parts,
    "a concatenation in another order": in_another_order,
    "a layer less": dropped,
    "a layer more": inserted,
    "a layer for training alone": in_training_alone,
    "a bias more": a_bias_more,
    "an input of another size": of_another_size,
    "an output that is nothing in the end": at_an_output(IN_PLACE.format("Power", "power_param { scale: 0 }")),
    "an output that is moved a little in the end": at_an_output(
        IN_PLACE.format("Power", "power_param { shift: 0.001 }")
    ),
    "Silence at an output": at_an_output('name: "surplus" type: "Silence" bottom: "BLOB"'),
    "a layer behind an output": at_an_output('name: "surplus" type: "TanH" bottom: "BLOB" top: "surplus"'),
    "an output under another name": renamed,
    "outputs in another order": reordered,
    "an output too many": one_more,
    "weights shared by a name": shared,
    "statistics of training": in_training,
    "a sum in place": sum_in_place,
    "another fact for the decoder": in_heads(another_fact),
    "a fact less for the decoder": in_heads(one_fact_less),
    "facts that are torn": torn,
}
WARNED: dict[str, Plant] = {
    "a layer twice, and right": twice_and_right,
    "another type in the caffemodel": of_another_type,
    "weights for nobody": for_nobody,
    "fillers": filled,
    "force_backward": backward,
}
