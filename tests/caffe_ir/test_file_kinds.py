"""Each file is made by the program that makes it, where there is one here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zipfile

import h5py
import numpy as np
import pytest

from caffe_ir.file_kinds import HDF5, LFS, NUMPY, PACKED, WEB_PAGE, ZIP, kind_of


def a_zip(file: io.BytesIO) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.pkl", bytes(9))


def hdf5(file: io.BytesIO) -> None:
    with h5py.File(file, "w") as held:
        held["w"] = np.zeros(3)


@pytest.mark.parametrize(
    ("make", "kind"),
    [(a_zip, ZIP), (hdf5, HDF5), (lambda file: np.save(file, np.zeros(3)), NUMPY)],
)
def test_files_of_libraries(make, kind) -> None:
    file = io.BytesIO()
    make(file)
    assert kind_of(file.getvalue()[:64]) == kind


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_to_be_unpacked(pack) -> None:
    assert kind_of(pack(bytes(999))[:64]) in PACKED


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_say_their_protocol(protocol) -> None:
    assert kind_of(pickle.dumps({"a": 1}, protocol)).startswith("a Python pickle")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", LFS),
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML><html>404</html>", WEB_PAGE),
        (b"[net]\nwidth=416\n", ""),
        (b"layer { name: 'a' }", ""),
        (b"", ""),
    ],
)
def test_texts(head, kind) -> None:
    assert kind_of(head) == kind
