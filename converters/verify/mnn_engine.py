"""MNN, by its own converter from Caffe files, out of its wheel."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path

from caffe_ir.blob import Array
from caffe_ir.extras import install
from caffe_ir.layers import InnerProduct, ReLU, ReLU6
from caffe_ir.net import Net
from converters.verify.child import blobs_of_child, opened_in_child
from converters.verify.engine import CaffeFiles, Engine, Forward
from converters.verify.source import Feeds

CHILD = Path(__file__).with_name("mnn_child.py")


def _missing() -> str:
    return "" if importlib.util.find_spec("MNN") is not None else f"MNN is not installed; {install('MNN')}"


def _title() -> str:
    from importlib import metadata  # is a tenth of what `convert run` imports

    return f"MNN {metadata.version('MNN')} (CPU)"


def _blobs(files: CaffeFiles, wanted: Sequence[str], feeds: Feeds) -> Iterator[Array | None]:
    shown = [_is_shown(files.net, blob) for blob in wanted]
    found = blobs_of_child(CHILD, "MNN", files, list(compress(wanted, shown)), feeds)
    yield from (next(found) if one else None for one in shown)


def _kept_open(files: CaffeFiles) -> Forward:
    run = opened_in_child(CHILD, "MNN", files)

    def forward(wanted: Sequence[str], feeds: Feeds) -> list[Array | None]:
        shown = [_is_shown(files.net, blob) for blob in wanted]
        found = iter(run(list(compress(wanted, shown)), feeds))
        return [next(found) if one else None for one in shown]

    return forward


def _is_shown(net: Net, blob: str) -> bool:
    """Whether MNN has a tensor with these values: its converter joins a ReLU that alone reads an InnerProduct with the
    product, and what has the product's name is then what the ReLU gives."""
    readers = net.consumers(blob)
    joined = len(readers) == 1 and isinstance(readers[0].layer, ReLU | ReLU6)
    return not (joined and isinstance(net.producer(blob).layer, InnerProduct))


MNN = Engine(name="mnn", missing=_missing, title=_title, blobs=_blobs, tolerance=1e-3, opened=_kept_open)
