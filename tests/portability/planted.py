"""Nets of the usual kinds with a hand-made net grown into them, and a tool that breaks one rule of a reader's book.

A hand-made net reads four channels of 8 x 8 cells; in a net of the usual kinds a convolution makes them of some map in
the middle, so that layers stand before and behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from google.protobuf import text_format
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir import reference
from caffe_ir.blob import Array, Blob
from caffe_ir.errors import ConversionError
from caffe_ir.files.prototxt import prototxt as file_text
from caffe_ir.files.prototxt import written_names
from caffe_ir.files.writer import write, write_weights
from caffe_ir.layers import BatchNorm
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import TARGETS
from converters.caffe import convert
from converters.verify import CaffeFiles, Engine, EngineFailed, caffe_files
from tests.caffe_ir.targets.hand_made import CASES as HAND_MADE
from tests.caffe_ir.targets.hand_made import prototxt as hand_made
from tests.portability.book import BOOKS, spelled
from tests.portability.book.layer import Layer
from tests.portability.book.rules import EVERY, STORED, Rule
from tests.portability.nets import NETS

HOSTS = ("resnet", "mobilenet_v2", "senet", "dk_yolov3", "shufflenet", "ssd_flat", "dcgan", "vit")
ALONE = ("embed", "in_layer_shape_on_Input_2tops")
"""Embed reads numbers of rows alone; an Input of several blobs becomes several layers."""
SIDE = 8
SIDES = tuple((side, side) for side in (8, 16, 32, 64))

FURTHER = {
    "ending": "x_cpu = ReLU data",
    "conv_equal_sides": "y = Convolution data | num_output: 4 kernel_h: 3 kernel_w: 3",
    "deconv_equal_sides": "y = Deconvolution data | num_output: 4 kernel_h: 3 kernel_w: 3 stride: 2",
    "deconv_repeated": "y = Deconvolution data | num_output: 4 kernel_size: 3 kernel_size: 2 stride: 2",
    "deconv_dilations": "y = Deconvolution data | num_output: 4 kernel_size: 3 stride: 1 dilation: 2 dilation: 1",
    "deconv_no_stride": "y = Deconvolution data | num_output: 4 kernel_size: 3",
    "deconv_behind_global": """
        g = Pooling data | pool: AVE global_pooling: true
        y = Deconvolution g | num_output: 4 group: 4 kernel_size: 8 stride: 1 bias_term: false""",
    "pool_not_global": "y = Pooling data | kernel_size: 2 stride: 2 global_pooling: false",
    "pool_far": "y = Pooling data | kernel_size: 2 stride: 6",
    "pool_large": """
        data = Input | shape { dim: 1 dim: 1 dim: 20 dim: 20 }
        y = Pooling data | pool: MAX kernel_size: 20""",
    "pool_rows": """
        data = Input | shape { dim: 1 dim: 4 dim: 8 dim: 160 }
        y = Pooling data | pool: AVE kernel_size: 8 stride: 8""",
    "depthwise_rows": """
        data = Input | shape { dim: 1 dim: 4 dim: 8 dim: 160 }
        y = Convolution data | num_output: 4 group: 4 kernel_size: 8 stride: 8""",
    "pool_300": """
        data = Input | shape { dim: 1 dim: 1 dim: 300 dim: 2 }
        y = Pooling data | pool: AVE kernel_h: 300 kernel_w: 1
        z = Convolution data | num_output: 2 kernel_h: 300 kernel_w: 1
        u = Deconvolution data | num_output: 2 kernel_h: 300 kernel_w: 1""",
    "conv_one_cell": "y = Convolution data | num_output: 4 kernel_size: 5 stride: 8",
    "groups_2049": """
        data = Input | shape { dim: 1 dim: 2049 dim: 1 dim: 1 }
        y = Convolution data | num_output: 2049 group: 2049 kernel_size: 1
        z = Deconvolution data | num_output: 2049 group: 2049 kernel_size: 1""",
    "batch_sliced": """
        data = Input | shape { dim: 2 dim: 4 dim: 3 dim: 3 }
        a b = Slice data | axis: 0 slice_point: 1
        y = Softmax data | axis: 0""",
    "rows_negative": """
        r = Reshape data | shape { dim: 0 dim: 4 dim: 64 }
        a b = Slice r | axis: -1 slice_point: 5
        y = Softmax r | axis: -1
        c = Concat r y | axis: -1""",
    "dropout_first": "data = Input | shape { dim: 1 dim: 4 dim: 6 dim: 6 }\ny = Dropout data",
    "in_place_first": "data = Input | shape { dim: 1 dim: 4 dim: 6 dim: 6 }\ndata = ReLU data",
    "wide": "data = Input | shape { dim: 1 dim: 1 dim: 1 dim: 5000 }\ny = ReLU data",
    "concat_257": f"y = Concat {'data ' * 257}",
    "concat_1001": f"y = Concat {'data ' * 1001}",
    "lrn_beta": "y = LRN data | local_size: 3 alpha: 0.5",
    "scale_bias_of_two": "s = InnerProduct data | num_output: 4\ny = Scale data s | axis: 0 bias_term: true",
    "argmax_two": "y = ArgMax data | axis: 1 top_k: 2",
    "interp_one": "y = Interp data | height: 1 width: 1",
    "spp": "y = SPP data | pyramid_height: 2",
    "im2col": "y = Im2col data | & convolution_param { kernel_size: 3 }",
}
"""Nets in the same short hand of which a layer breaks a rule that no hand-made net breaks."""
CASES = {name: text for name, text in {**HAND_MADE, **FURTHER}.items() if name not in ALONE}


class Planted(Struct, frozen=True, kw_only=True):
    """A rule of a reader's book, and a net of which some layer breaks it."""

    reader: str
    rule: Rule
    files: CaffeFiles


def rules_of_all() -> list[tuple[str, Rule]]:
    """Each rule once, by the type that it is about and its words, with the first reader that has it.

    Last the types that some reader lacks, each as a rule.
    """
    found: dict[tuple[str, str], tuple[str, Rule]] = {}
    for reader, (_, rules) in sorted(BOOKS.items()):
        for rule in (*EVERY, *STORED, *rules):
            found.setdefault(rule[:2], (reader, rule))
    kinds = set[str]().union(*(types for types, _ in BOOKS.values()))
    for reader, (types, _) in sorted(BOOKS.items()):
        for kind in sorted(kinds - types - {"Input"}):
            found.setdefault((kind, "no such layer"), (reader, (kind, "no such layer", lambda layer: True)))
    return list(found.values())


def breaks(rule: Rule, layer: Layer) -> bool:
    return rule[0] in ("*", layer.type) and layer.type != "Input" and rule[2](layer)


def grown(host: str, case: str, folder: Path) -> CaffeFiles:
    """The files of a net with a hand-made net in its middle. Raises ConversionError where Caffe refuses that."""
    folder.mkdir(parents=True, exist_ok=True)
    source = _host(host)
    path = folder / f"{case}_in_{host}.prototxt"
    path.write_text(_text(source, case), encoding="utf-8")
    net = convert(path)
    theirs, random = {node.name: node.blobs for node in source.nodes}, np.random.default_rng(0)
    for node in list(net.nodes):
        made = tuple(_weights(node, place, random) for place in range(len(node.blobs)))
        net.update(node, replace(node, blobs=theirs.get(node.name, made)))
    write_weights(net, path.with_suffix(".caffemodel"), force=True)
    return caffe_files(path, path.with_suffix(".caffemodel"))


@cache
def _host(name: str) -> Net:
    with TemporaryDirectory() as folder:
        model = NETS[name](Path(folder))
        net = lower(model.net.copy(), TARGETS["caffe"], Options(head=model.head))
        write(net, Path(folder, "net"), TARGETS["caffe"])
        files = Path(folder, "net.prototxt"), Path(folder, "net.caffemodel")
        net = convert(*files)
        for node in list(net.nodes):  # the folder goes
            net.update(node, replace(node, blobs=tuple(Blob.of(blob.load()) for blob in node.blobs)))
        return net


def _text(host: Net, case: str) -> str:
    """The host's file with the case behind a layer in its middle, the names of the case with a letter in front."""
    message = text_format.Parse(file_text(host), caffe_pb2.NetParameter())
    ours = text_format.Parse(hand_made(CASES[case]), caffe_pb2.NetParameter())
    last = {name: blob for blob, name in written_names(host).items()}  # of those that share a name in place
    maps = [name for name, blob in last.items() if host.shapes[blob][0] == 1 and host.shapes[blob][2:] in SIDES]
    middle = maps[len(maps) // 2]
    place = max(i for i, layer in enumerate(message.layer) if middle in layer.top) + 1
    step = host.shapes[last[middle]][2] // SIDE
    conv = f"convolution_param {{ num_output: 4 kernel_size: {step} stride: {step} }}"
    taken = f'layer {{ name: "z_data" type: "Convolution" bottom: "{middle}" top: "z_data" {conv} }}'
    added = list(text_format.Parse(taken, caffe_pb2.NetParameter()).layer)
    for layer in ours.layer:
        if (
            layer.type == "Input"
            and list(layer.input_param.shape[0].dim) == [1, 4, SIDE, SIDE]
            and layer.name == "data"
        ):
            continue
        layer.name = f"z_{layer.name}"
        for blobs in (layer.bottom, layer.top):
            blobs[:] = [f"z_{blob}" for blob in blobs]
        added.append(layer)
    written = {top for layer in added[1:] for top in layer.top}
    if "z_data" in written.difference(*(layer.bottom for layer in added[1:] if list(layer.bottom) == list(layer.top))):
        del added[0]
    layers = [*message.layer[:place], *added, *message.layer[place:]]
    return text_format.MessageToString(caffe_pb2.NetParameter(name=case, layer=layers))


def _weights(node: Node, place: int, random: np.random.Generator) -> Blob:
    shape = node.blobs[place].shape
    if isinstance(node.layer, BatchNorm):
        return Blob.of(np.ones(shape) if place == len(node.blobs) - 1 else random.uniform(0.5, 1.5, shape))
    return Blob.of(random.uniform(-0.5, 1.0, shape))


def read_by_book(files: CaffeFiles) -> list[Layer]:
    """The layers of a file as the book reads them; those of a part beside the weights of the whole."""
    net = files.net
    text = text_format.Parse(files.prototxt.read_text(encoding="utf-8"), caffe_pb2.NetParameter())
    weights = caffe_pb2.NetParameter.FromString(files.caffemodel.read_bytes())
    shapes = {node.name: (net.shapes_of(node.bottoms), net.shapes_of(node.tops)) for node in net.nodes}
    for layer in [layer for layer in text.layer if layer.name not in shapes]:
        text.layer.remove(layer)  # of phase TRAIN
    return spelled(text, {layer.name: layer.blobs for layer in weights.layer}, shapes)


class Tool(Struct, kw_only=True):
    """A program that computes in float64 and breaks one rule: it refuses the layers that do, or gets them wrong."""

    rule: Rule
    refuses: bool
    runs: int = 0

    def engine(self) -> Engine:
        return Engine(name="fake", missing=lambda: "", title=lambda: "a fake tool", blobs=self.blobs)

    def guilty(self, files: CaffeFiles) -> set[str]:
        return {str(layer.message.name) for layer in read_by_book(files) if breaks(self.rule, layer)}

    def blobs(self, files: CaffeFiles, wanted: Sequence[str], feeds: Mapping[str, Array]) -> Iterator[Array]:
        self.runs += 1
        guilty = self.guilty(files)
        if guilty and (self.refuses or any(not files.net.node(name).tops for name in guilty)):
            raise EngineFailed("a layer is not supported")
        found = dict[str, Array]()
        for node, tops in reference.walk(files.net, feeds, np.float64):
            if node.name in guilty:
                tops[0] = tops[0] - np.linspace(1, 3, tops[0].size).reshape(tops[0].shape) * (np.abs(tops[0]).max() + 1)
            found.update(zip(node.tops, tops, strict=True))
        yield from (found[blob] for blob in wanted)


def planted(folder: Path) -> Iterator[Planted]:
    """The rules of all books, each in the first net of which a layer breaks it, in ever another host."""
    left = {rule[:2]: (reader, rule) for reader, rule in rules_of_all()}
    for place, case in enumerate(CASES):
        try:
            files = grown(HOSTS[place % len(HOSTS)], case, folder)
        except (ConversionError, text_format.ParseError):
            continue  # Caffe refuses it, or its form is older
        read = read_by_book(files)
        for key, (reader, rule) in list(left.items()):
            if any(breaks(rule, layer) for layer in read):
                yield Planted(reader=reader, rule=rule, files=files)
                del left[key]
