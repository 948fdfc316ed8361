"""Caffe's weights in HDF5: files of h5py in several forms, their bytes changed where the structure is."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np

from caffe_ir.files.caffemodel_file import read_layers
from tests.fuzz.format import Files, Format
from tests.fuzz.formats.caffemodel import BLOBS, MOST
from tests.fuzz.mutation import damaged

FORMS: tuple[dict[str, Any], ...] = (
    {},
    {"dtype": "f8"},
    {"dtype": ">f4"},
    {"dtype": "i2"},
    {"compression": "gzip"},
    {"compression": "lzf", "shuffle": True},
    {"chunks": True, "fletcher32": True},
    {"compression": "gzip", "shuffle": True, "fletcher32": True},
    {"chunks": True, "dtype": "f8"},
)

LAYERS = ("conv", "norm", "prelu")


@cache
def written(form: int, latest: bool) -> bytes:
    sink, options = io.BytesIO(), dict(FORMS[form])
    dtype = options.pop("dtype", "f4")
    with h5py.File(sink, "w", libver="latest" if latest else "earliest") as file:
        for layer in LAYERS:
            for place, shape in enumerate(BLOBS[layer]):
                file.create_dataset(f"data/{layer}/{place}", data=np.ones(shape, dtype), **options)
    return sink.getvalue()


def make(rng: Random) -> Files:
    data = written(rng.randrange(len(FORMS)), rng.random() < 0.4)
    how = rng.random()
    if how < 0.3:
        data = damaged(data, rng, most=2)
    elif how < 0.5:  # near the beginning, where the file describes itself
        data = damaged(data[:4000], rng, most=2) + data[4000:]
    elif how < 0.7:
        data = _near_a_name(data, rng)
    return {"x.caffemodel.h5": data}


def _near_a_name(data: bytes, rng: Random) -> bytes:
    """Changed close to a signature of HDF5's own structures: TREE, HEAP, SNOD, OHDR ..."""
    marks = [b"TREE", b"HEAP", b"SNOD", b"OHDR", b"FRHP", b"FHDB", b"BTHD", b"BTLF", b"FADB", b"EAHD", b"GCOL"]
    places = [data.find(mark, rng.randrange(len(data))) for mark in marks]
    found = [place for place in places if place >= 0] or [0]
    begin = rng.choice(found)
    end = begin + rng.choice((16, 64, 256))
    return data[:begin] + damaged(data[begin:end], rng, most=2) + data[end:]


def read(folder: Path) -> None:
    for layer in read_layers(folder / "x.caffemodel.h5"):
        for blob in layer.blobs:
            if blob.count <= MOST:
                blob.load()


FORMATS = (Format(name="hdf5", make=make, read=read),)
