"""BVLC Caffe itself, where its Python module can be imported."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

from caffe_ir.blob import Array
from converters.verify.child import blobs_of_child, opened_in_child
from converters.verify.engine import CaffeFiles, Engine, Forward
from converters.verify.source import Feeds

CHILD = Path(__file__).with_name("pycaffe_child.py")


def _missing() -> str:
    if importlib.util.find_spec("caffe") is not None:
        return ""
    return (
        "pycaffe cannot be imported: build Caffe with scripts/bvlc_caffe, or `make pycaffe`, and put its python folder "
        "on PYTHONPATH"
    )


def _title() -> str:
    spec = importlib.util.find_spec("caffe")
    return f"pycaffe ({spec.origin if spec else 'gone'}, CPU)"


def _blobs(files: CaffeFiles, wanted: Sequence[str], feeds: Feeds) -> Iterator[Array | None]:
    return blobs_of_child(CHILD, "Caffe", files, wanted, feeds)


def _kept_open(files: CaffeFiles) -> Forward:
    return opened_in_child(CHILD, "Caffe", files)


PYCAFFE = Engine(name="pycaffe", missing=_missing, title=_title, blobs=_blobs, hdf5=True, opened=_kept_open)
