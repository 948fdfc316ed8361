"""The original author's Darknet as the reference of a Darknet net: Debian's package `darknet`, CPU code in float32."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from math import prod
from pathlib import Path

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Shape
from caffe_ir.given_files import read_bytes
from caffe_ir.layers import Convolution, Deconvolution
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.verify.source import Feeds, Reference, ReferenceFailed, Values

LIBRARIES = (Path("/usr/lib/darknet/libdarknet.so"), Path("/usr/local/lib/libdarknet.so"))
CLOSE = 1e-4
"""What float32 may cost one layer, of its largest value: Darknet sums thousands of products one after the other."""

# Darknet holds a layer's output, its delta, and with batch normalisation two more of its size.
_ARRAYS_TO_A_VALUE = 4
LARGEST = 900 << 20
# The section's index is the end of a value's name.
_INDEX = re.compile(r"_(\d+)$")
# A cost gives zeros; l2norm, softmax and the like have no width, which _counts leaves out by itself.
_UNTOLD = ("cost",)


class DarknetFiles(Struct, frozen=True, kw_only=True):
    """A Darknet net as its user has it, and the size of the input that it is to have."""

    cfg: Path
    weights: Path
    input_shape: Shape
    numbers_at: int | None = None
    """Where the numbers begin in the weights, if not where Darknet looks for them."""
    sections: int | None = None
    """How many sections behind [net] there are to be, if not all."""


def library() -> Path | None:
    """Where libdarknet.so is, if it is."""
    return next((path for path in LIBRARIES if path.is_file()), None)


def why_not(net: Net) -> str:
    """Why Darknet itself cannot compute this net here; empty where it can."""
    if library() is None:
        return "Debian's package darknet is not installed: apt install darknet"
    for node in net.nodes:
        if isinstance(node.layer, Deconvolution) and "[deconv" in node.origin.what:
            return f"Darknet divides by zero where it loads the weights of {node.name} (load_convolutional_weights)"
        if _computed_wrongly(node):
            return f"Darknet's CPU code computes {node.name}, a 1x1 convolution with a stride or padding, wrongly"
    bytes_needed = sum(4 * prod(shape) for shape in net.shapes.values()) * _ARRAYS_TO_A_VALUE
    if bytes_needed > LARGEST:
        return f"Darknet would need {bytes_needed >> 20} MB for this net, which is more than it is given"
    return ""


def _computed_wrongly(node: Node) -> bool:
    """convolutional_layer.c, forward_convolutional_layer: of a 1x1 kernel it takes the image for the columns."""
    layer = node.layer
    if not isinstance(layer, Convolution) or set(layer.kernel_size) != {1} or not node.origin.what:
        return False
    return "[conv" in node.origin.what and (set(layer.stride) != {1} or set(layer.pad) != {0})


def darknet_reference(files: DarknetFiles, net: Net) -> Reference:
    """Real Darknet as a reference; `net` says which values there are."""

    def values(feeds: Feeds) -> Values:
        return _values(files, net, feeds)

    return Reference(
        name="darknet",
        title=f"Darknet itself ({library()}, CPU, float32)",
        values=values,
        tolerance=CLOSE,
        precision="float32",
        required=False,
    )


def _values(files: DarknetFiles, net: Net, feeds: Feeds) -> Values:
    by_index = {index: value for value in net.values if (index := _index(value)) is not None}
    count = max(by_index, default=-1) + 1
    ((_, x),) = feeds.items()
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "values")
        sizes = _run(files, x, count, Path(folder), result)
        begin = 0
        for index, size in enumerate(sizes):
            value = by_index.get(index)
            shape = net.shapes[net.values[value]] if value is not None else ()
            if value is not None and size == prod(shape) and not value.startswith(_UNTOLD):
                yield value, np.fromfile(result, np.float32, size, offset=4 * begin).reshape(shape)
            begin += max(size, 0)


def _index(value: str) -> int | None:
    found = _INDEX.search(value)
    return int(found.group(1)) if found else None


def _run(files: DarknetFiles, x: Array, layers: int, folder: Path, result: Path) -> list[int]:
    cfg, source = folder / "net.cfg", folder / "input"
    try:
        text = read_bytes(files.cfg)
    except OSError as error:
        raise ReferenceFailed(f"{files.cfg} cannot be read a second time: {error.strerror or error}") from None
    cfg.write_bytes(prepared(text, files.input_shape, files.sections))
    np.ascontiguousarray(x, np.float32).tofile(source)
    child = Path(__file__).with_name("darknet_child.py")
    weights = files.weights.resolve()
    if files.numbers_at is not None:
        weights = _with_usual_header(weights, files.numbers_at, folder / "net.weights")
    paths = [library(), cfg, weights, source, result]
    command = [sys.executable, str(child), *map(str, paths), str(layers), str(len(x))]
    done = subprocess.run(command, check=False, capture_output=True, cwd=files.cfg.resolve().parent)
    if done.returncode != 0 or not done.stdout:
        raise ReferenceFailed(f"Darknet does not run this net: {_last_line(done)}")
    sizes: list[int] = json.loads(done.stdout)
    return sizes


def _last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    if done.returncode < 0:
        return f"it ended with signal {-done.returncode}" + (f", after saying: {lines[-1]}" if lines else "")
    return lines[-1] if lines else f"it ended with status {done.returncode}"


def _with_usual_header(weights: Path, numbers_at: int, copy: Path) -> Path:
    """The numbers behind a header of 20 bytes, version 0.2.0, which Darknet reads whoever wrote the others."""
    with open(weights, "rb") as source, open(copy, "wb") as target:
        target.write(struct.pack("<3iQ", 0, 2, 0, 0))
        source.seek(numbers_at)
        shutil.copyfileobj(source, target)
    return copy


def prepared(cfg: bytes, shape: Shape, sections: int | None = None) -> bytes:
    """The cfg for inputs of this shape: of two equal keys Darknet takes the first (option_list.c), so ours go first.

    Line ends and a byte order mark that Darknet stumbles over are left out, as the Darknet front end does, and so is
    what follows the first `sections` behind [net].
    """
    text = cfg.removeprefix(b"\xef\xbb\xbf")
    lines = (text if b"\n" in text else text.replace(b"\r", b"\n")).replace(b"\r", b"").split(b"\n")
    heads = [place for place, line in enumerate(lines) if line.lstrip(b" \t").startswith(b"[")]
    if not heads:
        return cfg
    first = heads[0]
    if sections is not None and sections + 1 < len(heads):
        lines = lines[: heads[sections + 1]]
    ours = [b"batch=%d" % shape[0], b"subdivisions=1"]
    if len(shape) == 4:
        ours += [b"channels=%d" % shape[1], b"height=%d" % shape[2], b"width=%d" % shape[3]]
    return b"\n".join([*lines[: first + 1], *ours, *lines[first + 1 :]])
