"""MNN, by its own converter from Caffe files, out of its wheel."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

from caffe_ir.blob import Array
from caffe_ir.extras import install
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
    return blobs_of_child(CHILD, "MNN", files, wanted, feeds)


def _kept_open(files: CaffeFiles) -> Forward:
    return opened_in_child(CHILD, "MNN", files)


MNN = Engine(name="mnn", missing=_missing, title=_title, blobs=_blobs, tolerance=1e-3, opened=_kept_open)
