from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir import reference
from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError, Origin
from caffe_ir.files.caffemodel_file import read_layers
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.layers import Convolution, Eltwise, Input, Parameter, Reshape, Silence
from caffe_ir.layers.source import MatrixProduct
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass, Options, run_pass
from caffe_ir.passes.pipeline import lower
from caffe_ir.shared_memory import SharedMemory
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT
from tests.oracles.caffe_by_hand import CaffeByHand

SHAPE = (4, 2, 1, 1)


def node(name, layer, *bottoms, tops=None, **more):
    tops = (name,) if tops is None else tops
    return Node(name=name, layer=layer, bottoms=bottoms, tops=tops, origin=Origin(layer=name), **more)


PARAMETER = node("w", Parameter(shape=SHAPE), param_names=("shared",))
WRITER = node("written", Eltwise(operation="SUM", coeff=(0.0, 1.0)), "w", "x", in_place=True)
END = node("end", Silence(), "written", tops=())
READER = node("y", Convolution(num_output=4, kernel_size=(1, 1), bias_term=False), "data", param_names=("shared",))


def net_with(*nodes) -> Net:
    net = net_of((1, 2, 3, 1))
    add(net, "x", Input(shape=SHAPE), bottoms=())
    for one in nodes:
        net.append(one)
    net.outputs = ["y"]
    return net


def feeds(seed):
    rng = np.random.default_rng(seed)
    return {"data": rng.normal(size=(1, 2, 3, 1)), "x": rng.normal(size=SHAPE)}


def product(given):
    return np.einsum("oc,ncx->nox", given["x"][:, :, 0, 0], given["data"][..., 0])[..., None]


def test_the_engine_takes_what_was_written_and_again_for_further_inputs():
    net, memory = net_with(PARAMETER, WRITER, END, READER), reference.Memory()
    net.check()
    for seed in range(3):
        given = feeds(seed)
        np.testing.assert_allclose(reference.run(net, given, np.float64, memory)["y"], product(given), rtol=1e-12)
        np.testing.assert_array_equal(memory["shared"], given["x"])


def test_what_the_run_before_left_does_not_count_be_it_infinite():
    net = net_with(PARAMETER, WRITER, END, READER)
    memory = {"shared": np.array([np.nan, np.inf] * 4).reshape(SHAPE)}
    given = feeds(5)
    np.testing.assert_allclose(reference.run(net, given, np.float64, memory)["y"], product(given), rtol=1e-12)


def test_a_reader_before_the_writer_takes_the_run_before_and_no_pass_may_make_one():
    net, memory = net_with(PARAMETER, READER, WRITER, END), reference.Memory()
    first, second = feeds(0), feeds(1)
    assert not reference.run(net, first, np.float64, memory)["y"].any()
    seen = reference.run(net, second, np.float64, memory)["y"]
    np.testing.assert_allclose(seen, product({**second, "x": first["x"]}), rtol=1e-12)
    with pytest.raises(ConversionError, match="y takes shared for weights, which nothing before it writes"):
        net.check()


def _sort(net: Net, context: Context) -> None:
    """Each layer stands as early as what it reads allows: right for blobs, and wrong for what is written in memory."""
    for reader in [node for node in net.nodes if node.layer.type_name() in ("Convolution", "Deconvolution")]:
        after = max(net.place(net.producer(bottom)) for bottom in reader.bottoms)
        net.remove(reader)
        first = net.nodes[after]
        net.replace(first, [first, reader])


def test_a_pass_that_moves_a_reader_before_the_writer_is_stopped():
    net = net_with(PARAMETER, WRITER, END, READER)
    with pytest.raises(ConversionError, match="y takes shared for weights, which nothing before it writes"):
        run_pass(NetPass(name="sort", run=_sort), net, CONTEXT)


@pytest.mark.parametrize("turns", [(False, False), (True, False), (False, True)])
def test_so_it_is_in_a_product_of_two_activations(turns):
    shapes = [(2, *(24, 32)[:: -1 if turn else 1]) for turn in (turns[0], not turns[1])]
    net = net_of(shapes[0])
    add(net, "other", Input(shape=shapes[1]), bottoms=())
    layer = MatrixProduct(transpose_a=turns[0], transpose_b=turns[1])
    add(net, "product", layer, bottoms=("data", "other"))
    lower(net, CAFFE, Options())
    with pytest.raises(ConversionError, match="for weights, which nothing before it writes"):
        run_pass(NetPass(name="sort", run=_sort), net, CONTEXT)


def test_no_weights_without_a_writer():
    with pytest.raises(ConversionError, match="takes shared for weights"):
        net_with(PARAMETER, READER).check()
    with pytest.raises(ConversionError, match="takes shared for weights"):
        net_with(READER).check()


def test_a_view_of_the_parameter_is_the_same_memory():
    view = node("view", Reshape(shape=(8, 1, 1, 1)), "w")
    flat = node("values", Reshape(shape=(8, 1, 1, 1)), "x")
    writer = node("written", WRITER.layer, "view", "values", in_place=True)
    net, given = net_with(PARAMETER, view, flat, writer, END, READER), feeds(3)
    net.check()
    np.testing.assert_allclose(reference.run(net, given, np.float64)["y"], product(given), rtol=1e-12)


def test_layers_that_are_not_in_place_write_no_weights():
    memory = SharedMemory()
    for one in (PARAMETER, node("sum", WRITER.layer, "w", "x")):
        memory.step(one)
    assert memory.names == {"w": "shared"}
    assert memory.unwritten(READER) == ["shared"]
    memory.step(WRITER)
    assert memory.unwritten(READER) == []


@pytest.mark.parametrize("hdf5", [False, True])
def test_files_hold_no_such_weights_and_come_back(tmp_path, hdf5):
    pytest.importorskip("h5py")
    net = net_with(PARAMETER, WRITER, END, READER)
    written = write(net, tmp_path / "net", CAFFE, hdf5=hdf5)
    stored = [layer.name for layer in read_layers(written.caffemodel)]
    assert not {"w", "y"} & set(stored)
    back = read(written.prototxt, written.caffemodel)
    assert back.dump() == net.dump()
    assert read(written.prototxt).dump() == net.dump()
    given = feeds(4)
    np.testing.assert_array_equal(reference.run(back, given)["y"], reference.run(net, given)["y"])
    if not hdf5:
        np.testing.assert_allclose(
            CaffeByHand(written.prototxt, written.caffemodel).forward(**given)["y"], product(given), rtol=1e-12
        )


def test_a_caffemodel_that_caffe_saved_holds_them(tmp_path):
    weights = net_with(PARAMETER, WRITER, END, READER).copy()
    written = write(weights, tmp_path / "net", CAFFE)
    for old in (PARAMETER, READER):
        weights.update(old, replace(old, blobs=(Blob.of(np.ones(SHAPE)),)))
    saved = write(weights, tmp_path / "saved", CAFFE)
    back, given = read(written.prototxt, saved.caffemodel), feeds(4)
    assert back.node("y").blobs
    np.testing.assert_allclose(reference.run(back, given, np.float64)["y"], product(given), rtol=1e-12)


def test_weights_that_nothing_writes_must_be_in_the_file(tmp_path):
    net = net_with(PARAMETER, WRITER, END, READER)
    written = write(net, tmp_path / "net", CAFFE)
    text = written.prototxt.read_text()
    written.prototxt.write_text(
        text.replace('top: "w"\n  eltwise', 'top: "other"\n  eltwise').replace('bottom: "w"\n}', 'bottom: "other"\n}')
    )
    with pytest.raises(ConversionError, match="the caffemodel has no weights for"):
        read(written.prototxt, written.caffemodel)
