"""Weights in HDF5: h5py, whose HDF5 library Caffe calls too, reads what we write and writes what we read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError
from caffe_ir.files import caffemodel, writer
from caffe_ir.files.caffemodel_hdf5 import frames, is_hdf5, read_index
from caffe_ir.files.reader import read
from caffe_ir.layers import Convolution, InnerProduct, Parameter, PReLU, ReLU
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of


def weighty() -> Net:
    """Weights of four axes, of one and of none, in float64 and float32; two layers that share theirs."""
    net, draw = net_of((2, 3, 5, 5)), np.random.default_rng(0)
    add(
        net,
        "conv.0",
        Convolution(num_output=4, kernel_size=(3, 3)),
        draw.normal(size=(4, 3, 3, 3)),
        draw.normal(size=4),
    )
    add(net, "relu", ReLU(), in_place=True)
    add(net, "prelu", PReLU(channel_shared=True), np.float32(0.25))
    weights = [Blob.of(draw.normal(size=shape).astype(np.float32)) for shape in ((36, 36), (36,))]
    for name, own in (("first", ("w", "first_1")), ("second", ("w", "second_1"))):
        fc = InnerProduct(num_output=36)
        bottom, origin = net.nodes[-1].tops, net.nodes[0].origin
        blobs = (weights[0], Blob.of(draw.normal(size=36)))
        net.append(Node(name=name, layer=fc, bottoms=bottom, tops=(name,), blobs=blobs, origin=origin, param_names=own))
    net.outputs = ["second"]
    return net


def written(net: Net, folder: Path) -> writer.Written:
    folder.mkdir(exist_ok=True)
    return writer.write(net, folder / "net", CAFFE, hdf5=True)


def test_h5py_finds_every_blob_where_caffe_looks_for_it(tmp_path: Path) -> None:
    net = weighty()
    path = written(net, tmp_path / "a").caffemodel
    assert path.name == "net.caffemodel.h5"
    assert is_hdf5(path)
    with h5py.File(path) as file:
        assert list(file) == ["data"]
        assert set(file["data"]) == {"conv.0", "prelu", "first", "second"}
        for node in net.nodes:
            for place, blob in enumerate(node.blobs):
                if (node.name, place) == ("second", 0):  # the first one owns it
                    assert list(file["data/second"]) == ["1"]
                    continue
                held = file[f"data/{node.name}/{place}"]
                assert held.dtype == np.dtype("<f4")
                assert held.shape == blob.shape
                assert np.array_equal(held[...], blob.load().astype("f4"))


def test_two_runs_give_the_same_bytes_and_the_length_that_was_told(tmp_path: Path) -> None:
    first, second = (written(weighty(), tmp_path / name) for name in "ab")
    assert first.caffemodel.read_bytes() == second.caffemodel.read_bytes()
    assert first.caffemodel_bytes == first.caffemodel.stat().st_size


def test_what_is_written_is_read_back_from_where_it_lies(tmp_path: Path) -> None:
    net = weighty()
    files = written(net, tmp_path)
    back = read(files.prototxt, files.caffemodel)
    for node in net.nodes:
        for ours, theirs in zip(node.blobs, back.node(node.name).blobs, strict=True):
            assert theirs.span is not None
            assert np.array_equal(ours.load().astype("f4"), theirs.load())


def test_weights_alone_are_hdf5_where_their_name_says_so(tmp_path: Path) -> None:
    writer.write_weights(weighty(), tmp_path / "net.caffemodel.h5")
    writer.write_weights(weighty(), tmp_path / "net.caffemodel")
    assert is_hdf5(tmp_path / "net.caffemodel.h5")
    assert not is_hdf5(tmp_path / "net.caffemodel")


@pytest.mark.parametrize(
    "form", [{"dtype": "f8"}, {"dtype": "f2"}, {"dtype": "i4"}, {"compression": "gzip"}, {"chunks": (2, 1)}], ids=str
)
def test_every_form_of_numbers_that_hdf5_turns_into_floats_is_read(form: dict[str, object], tmp_path: Path) -> None:
    numbers = np.arange(6).reshape(2, 3)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("data/fc/0", data=numbers.astype(str(form.pop("dtype", "f4"))), **form)
        file.create_dataset("data/fc/1", data=np.array([7, 8], "f4"))
        file.create_group("data/relu")
        file.create_dataset("diff/fc/0", data=numbers)
    fc, relu = read_index(tmp_path / "m.h5")
    assert (fc.name, fc.places, relu.places) == ("fc", (0, 1), ())
    assert fc.blobs[0].load().tolist() == numbers.tolist()
    assert fc.blobs[0].shape == (2, 3)
    assert fc.blobs[1].load().tolist() == [7, 8]


def test_more_than_ten_blobs_stand_in_their_order(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for place in range(12):
            file.create_dataset(f"data/lstm/{place}", data=np.array([place], "f4"))
    (lstm,) = read_index(tmp_path / "m.h5")
    assert lstm.places == tuple(range(12))
    assert [blob.load().item() for blob in lstm.blobs] == list(range(12))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("conv.0/1", "conv.0 takes weights 4x3x3x3, 4; the caffemodel has 4x3x3x3"),
        ("first/0", "first takes weights 36x36, 36; the caffemodel has 36"),
        ("second/1", "second takes weights 36x36, 36; the caffemodel has 36x36"),
        ("prelu", "the caffemodel has no weights for prelu"),
    ],
)
def test_weights_that_no_layer_owns_are_missing(place: str, told: str, tmp_path: Path) -> None:
    files = written(weighty(), tmp_path)
    with h5py.File(files.caffemodel, "r+") as file:
        del file[f"data/{place}"]
    with pytest.raises(ConversionError) as caught:
        read(files.prototxt, files.caffemodel)
    assert told in str(caught.value.problems[0])


def test_a_slash_in_a_name_is_refused(tmp_path: Path) -> None:
    net = weighty()
    for name in ("conv.0", "first"):
        net.update(net.node(name), replace(net.node(name), name=f"block/{name}"))
    with pytest.raises(ConversionError) as caught:
        frames(net)
    assert len(caught.value.problems) == 2
    assert "block/conv.0 cannot be the name of a layer in HDF5" in str(caught.value.problems[0])


@pytest.mark.parametrize("cut", [9, 100, 1000])
def test_a_file_that_is_cut_off(cut: int, tmp_path: Path) -> None:
    path = written(weighty(), tmp_path).caffemodel
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ConversionError, match="cut off"):
        read_index(path)


def test_hdf5_of_somebody_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "keras.h5", "w") as file:
        file.create_dataset("model_weights/dense/kernel:0", data=np.array([1], "f4"))
    with pytest.raises(ConversionError, match="without the weights of a Caffe net"):
        read_index(tmp_path / "keras.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("data", data=np.array([1], "f4"))
    with pytest.raises(ConversionError, match="without the weights of a Caffe net"):
        read_index(tmp_path / "other.h5")


def test_what_to_install_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ConversionError, match=r"pip install '.\[hdf5\]'"):
        written(weighty(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_binary_form_holds() -> None:
    """Three blobs of 800 MB: laid out, and not filled."""
    net, shape = net_of((1, 1)), (200, 1000, 1000)
    for name in "abc":
        layer, blobs = Parameter(shape=shape), (Blob.of_zeros(shape),)
        net.append(Node(name=name, layer=layer, tops=(name,), blobs=blobs, origin=net.nodes[0].origin))
    pieces = frames(net)
    assert caffemodel.size(pieces) > caffemodel.LARGEST
    assert [piece.shape for piece in pieces if isinstance(piece, Blob)] == 3 * [shape]
    assert sum(len(piece) for piece in pieces if isinstance(piece, bytes)) < 10_000


def _other_file(file: h5py.File) -> str:
    other = Path(file.filename).with_name("other.h5")
    with h5py.File(other, "w") as made:
        made["0"] = np.zeros(2, "f4")
    return str(other)


def _external(file: h5py.File) -> None:
    external = [(file.filename, 0, 8)]
    space, kind = h5py.h5s.create_simple((2,)), h5py.h5t.IEEE_F32LE
    options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    for name, offset, size in external:
        options.set_external(name.encode(), offset, size)
    h5py.h5d.create(file.create_group("data/fc").id, b"0", kind, space, options)


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource(_other_file(file), "0", (2,))
    file.create_group("data/fc").create_virtual_dataset("0", layout)


FOREIGN: dict[str, tuple[Callable[[h5py.File], object], str]] = {
    "soft link": (lambda file: file.update({"data/fc": h5py.SoftLink("/data")}), "fc is a link to another place"),
    "circle": (lambda file: file.update({"data/fc/0": h5py.SoftLink("/data/fc/0")}), "0 is a link to another place"),
    "other file": (
        lambda file: file.update({"data/fc": h5py.ExternalLink(_other_file(file), "/")}),
        "fc is a link to another place",
    ),
    "external": (_external, "fc/0 has its numbers in other files"),
    "virtual": (_virtual, "fc/0 has its numbers in other files"),
    "group in a layer": (lambda file: file.create_group("data/fc/0"), "fc/0 holds no numbers"),
    "texts": (lambda file: file.create_dataset("data/fc/0", data=["a"]), "fc/0 holds no numbers"),
    "complex": (lambda file: file.create_dataset("data/fc/0", data=[1j]), "fc/0 holds no numbers"),
    "records": (lambda file: file.create_dataset("data/fc/0", (2,), [("a", "f4")]), "fc/0 holds no numbers"),
    "no shape": (lambda file: file.create_dataset("data/fc/0", data=h5py.Empty("f4")), "fc/0 holds no numbers"),
    "weight": (
        lambda file: file.create_dataset("data/fc/weight", (2,), "f4"),
        "fc holds weight, which is the number of no",
    ),
    "01": (lambda file: file.create_dataset("data/fc/01", (2,), "f4"), "fc holds 01, which is the number of no blob"),
    "large axis": (
        lambda file: file.create_dataset("data/fc/0", (0, 1 << 31), "f4"),
        "a shape that no blob of Caffe's has",
    ),
    "nothing stored": (
        lambda file: file.create_dataset("data/fc/0", (1 << 30,), "f4", chunks=(1000,)),
        "fc/0 claims 1,073,741,824 numbers, and the file has 0 bytes of them",
    ),
    "large chunks": (
        lambda file: file.create_dataset("data/fc/0", (2,), "f4", maxshape=(None,), chunks=(1 << 29,)),
        "fc/0 claims 2 numbers",
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_caffe_writes_no_weights_as_is_refused(kind: str, tmp_path: Path) -> None:
    make, told = FOREIGN[kind]
    with h5py.File(tmp_path / "m.h5", "w") as file:
        make(file)
    with pytest.raises(ConversionError) as caught:
        read_index(tmp_path / "m.h5")
    assert told in str(caught.value)


def test_zeros_deflated_as_far_as_it_goes_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        zeros, chunks = np.zeros(1 << 24, "f4"), (1 << 24,)
        file.create_dataset("data/fc/0", data=zeros, chunks=chunks, compression="gzip", compression_opts=9)
    (fc,) = read_index(tmp_path / "m.h5")
    assert not fc.blobs[0].load().any()
    assert (tmp_path / "m.h5").stat().st_size < 100_000


def test_a_file_that_is_damaged_after_it_was_opened(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("data/fc/0", data=np.arange(1000.0), compression="gzip")
    (fc,) = read_index(tmp_path / "m.h5")
    content = bytearray((tmp_path / "m.h5").read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    (tmp_path / "m.h5").write_bytes(content)
    with pytest.raises(ConversionError, match="or it is cut off"):
        fc.blobs[0].load()
