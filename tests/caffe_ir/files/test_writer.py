from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError
from caffe_ir.files import caffemodel, writer
from caffe_ir.files.spelled_file import misspellings, spelled_file
from caffe_ir.files.staging import staged
from caffe_ir.layers import LRN, Clip, Parameter, ReLU, Scale, Swish
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import CAFFE, TARGETS
from tests.caffe_ir.build import add, net_of


def small() -> Net:
    net = net_of((1, 2))
    add(net, "relu", ReLU())
    return net


def test_all_files_are_there_and_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def progress(count: int, total: int) -> None:
        told.append((count, total))

    written = writer.write(small(), tmp_path / "a.b", CAFFE, others={".heads.json": "{}"}, progress=progress)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.b.caffemodel", "a.b.heads.json", "a.b.prototxt"]
    assert written.prototxt_bytes == written.prototxt.stat().st_size
    assert written.caffemodel_bytes == written.caffemodel.stat().st_size == sum(count for count, _ in told)
    assert {total for _, total in told} == {written.caffemodel_bytes}
    assert written.others == (tmp_path / "a.b.heads.json",)


def test_two_runs_give_the_same_bytes_and_usual_permissions(tmp_path: Path) -> None:
    first, second = (writer.write(small(), tmp_path / name / "net", CAFFE) for name in _folders(tmp_path, "x", "y"))
    assert first.prototxt.read_bytes() == second.prototxt.read_bytes()
    assert first.caffemodel.read_bytes() == second.caffemodel.read_bytes()
    plain = tmp_path / "plain"
    plain.touch()
    assert first.caffemodel.stat().st_mode == plain.stat().st_mode


def _folders(base: Path, *names: str) -> tuple[str, ...]:
    for name in names:
        (base / name).mkdir()
    return names


def test_every_layer_that_the_target_lacks_is_told(tmp_path: Path) -> None:
    net = small()
    add(net, "swish", Swish())
    add(net, "clip", Clip(min=0.0, max=6.0))
    with pytest.raises(ConversionError) as caught:
        writer.write(net, tmp_path / "net", CAFFE)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 2
    assert "BVLC Caffe 1.0 has no layer Swish" in told[0]
    assert told[0].startswith("tiny.cfg:2: ")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_is_written_as_its_target_reads_it(tmp_path: Path) -> None:
    """TensorRT takes 5 for the beta that a file does not say, and looks for a bias where no bias_term is said."""
    net = net_of((1, 2, 3, 3))
    add(net, "lrn", LRN(local_size=3))
    add(net, "scale", Scale(), np.ones(2))
    text = writer.write(net, tmp_path / "net", TARGETS["tensorrt"]).prototxt.read_text()
    assert "lrn_param {\n    local_size: 3\n    beta: 0.75\n" in text
    assert "bias_term: false" in text
    assert "beta" not in writer.write(net, tmp_path / "plain", CAFFE).prototxt.read_text()
    assert not list(misspellings(spelled_file(tmp_path / "net.prototxt"), TARGETS["tensorrt"]))


def test_a_spelling_that_the_target_does_not_read_is_refused(tmp_path: Path) -> None:
    net = net_of((1, 2, 3, 3))
    add(net, "lrn", LRN(local_size=3))
    with pytest.raises(ConversionError, match=r"lrn .* would not be read \(an LRN without beta"):
        writer.write(net, tmp_path / "net", replace(TARGETS["tensorrt"], said={}))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_made_and_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    written = writer.write(small(), tmp_path / "new" / "er" / "net", CAFFE)
    assert written.prototxt == tmp_path / "new" / "er" / "net.prototxt"
    assert written.prototxt.exists()
    (tmp_path / "net.prototxt").mkdir()
    with pytest.raises(ConversionError, match="is a folder"):
        writer.write(small(), tmp_path / "net", CAFFE)
    with pytest.raises(ConversionError, match="cannot write"):
        writer.write(small(), tmp_path / "net", CAFFE, force=True)
    with pytest.raises(ConversionError, match="cannot write"):
        writer.write(small(), written.prototxt / "net", CAFFE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.prototxt", "new"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_failure_half_way_leaves_the_old_files_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.write(small(), tmp_path / "net", CAFFE)
    before = contents(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caffemodel, "stream", full)
    with pytest.raises(ConversionError, match="No space left"):
        writer.write(small(), tmp_path / "net", CAFFE)
    assert contents(tmp_path) == before
    with pytest.raises(ConversionError, match="No space left"):
        writer.write(small(), tmp_path / "new" / "net", CAFFE)
    assert contents(tmp_path) == before, "the folder that was made is gone again"


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot claim room")
def test_a_full_disk_is_told_before_a_byte_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.write(small(), tmp_path / "net", CAFFE)
    before = contents(tmp_path)
    asked: list[tuple[int, int]] = []

    def full(_: int, offset: int, length: int) -> None:
        asked.append((offset, length))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(caffemodel, "stream", lambda *_: pytest.fail("it began to write"))
    with pytest.raises(ConversionError, match="No space left"):
        writer.write(small(), tmp_path / "net", CAFFE)
    with pytest.raises(ConversionError, match="No space left"):
        writer.write_weights(small(), tmp_path / "net.caffemodel")
    assert contents(tmp_path) == before
    assert asked == 2 * [(0, caffemodel.size(caffemodel.frames(small())))]


@pytest.mark.parametrize("reason", [errno.EOPNOTSUPP, errno.EINVAL, None])
def test_where_no_room_can_be_claimed_files_are_written_all_the_same(
    reason: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: int) -> None:
        assert reason is not None
        raise OSError(reason, "not here")

    if reason is None:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    else:
        monkeypatch.setattr(os, "posix_fallocate", cannot, raising=False)
    written = writer.write(small(), tmp_path / "net", CAFFE)
    assert written.caffemodel.stat().st_size == written.caffemodel_bytes


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error_of_the_stream(tmp_path: Path) -> None:
    source = tmp_path / "w"
    source.write_bytes(bytes(1 << 16))
    net = net_of((1, 1))
    blob = Blob.in_file(source, 0, (1 << 14,))
    net.append(
        Node(name="p", layer=Parameter(shape=(1 << 14,)), tops=("p",), blobs=(blob,), origin=net.nodes[0].origin)
    )
    with pytest.raises(OSError, match="No space"), open("/dev/full", "wb", buffering=0) as file:
        caffemodel.stream(caffemodel.frames(net), file)


def test_a_source_that_becomes_shorter_leaves_the_old_files_whole(tmp_path: Path) -> None:
    """While the weights are copied, and while a pass computes with them: both come after the new files were begun."""
    writer.write(small(), tmp_path / "net", CAFFE)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    source = tmp_path / "w"
    source.write_bytes(bytes(100))
    stored = Blob.in_file(source, 0, (1 << 14,))
    for blob in (stored, Blob.computed(stored.shape, lambda: stored.load().astype(np.float64) * 2)):
        net = net_of((1, 1))
        node = Node(
            name="p", layer=Parameter(shape=stored.shape), tops=("p",), blobs=(blob,), origin=net.nodes[0].origin
        )
        net.append(node)
        with pytest.raises(ConversionError, match=r"w became shorter while it was read"):
            writer.write(net, tmp_path / "net", CAFFE)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path != source} == before


def test_more_than_caffe_reads_is_refused_before_writing(tmp_path: Path) -> None:
    net = net_of((1, 1))
    shape = (2, 1 << 28)
    node = Node(
        name="p", layer=Parameter(shape=shape), tops=("p",), blobs=(Blob.of_zeros(shape),), origin=net.nodes[0].origin
    )
    net.append(node)
    with pytest.raises(ConversionError, match="gives up beyond 2,147,483,647"):
        writer.write(net, tmp_path / "net", CAFFE)
    assert list(tmp_path.iterdir()) == []


def test_doubles_are_rounded_once(tmp_path: Path) -> None:
    net = net_of((1, 1))
    add(net, "p", Parameter(shape=(3,)), np.array([1 / 3, 1e-12, 2.0]), bottoms=())
    data = writer.write(net, tmp_path / "net", CAFFE).caffemodel.read_bytes()
    assert np.array([1 / 3, 1e-12, 2.0], "<f4").tobytes() in data


def test_a_process_killed_while_it_writes_leaves_the_old_pair(tmp_path: Path) -> None:
    writer.write(small(), tmp_path / "net", CAFFE)
    old = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    child = os.fork()
    if child == 0:
        net = net_of((1, 1))
        blob = Blob.computed((4,), lambda: os._exit(9))
        net.append(Node(name="p", layer=Parameter(shape=(4,)), tops=("p",), blobs=(blob,), origin=net.nodes[0].origin))
        writer.write(net, tmp_path / "net", CAFFE)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert {name: (tmp_path / name).read_bytes() for name in old} == old


def test_the_weights_alone_are_those_of_the_pair(tmp_path: Path) -> None:
    pair = writer.write(small(), tmp_path / "pair", CAFFE)
    told: list[tuple[int, int]] = []
    size = writer.write_weights(small(), tmp_path / "alone.caffemodel", progress=lambda *count: told.append(count))
    assert (tmp_path / "alone.caffemodel").read_bytes() == pair.caffemodel.read_bytes()
    assert size == pair.caffemodel_bytes == sum(count for count, _ in told)
    assert not (tmp_path / "alone.prototxt").exists()
    with pytest.raises(ConversionError, match=r"alone.caffemodel already exists \(no prototxt of tocaffe lists it"):
        writer.write_weights(small(), tmp_path / "alone.caffemodel")
    writer.write_weights(small(), tmp_path / "alone.caffemodel", force=True)
    writer.write_weights(small(), tmp_path / "pair.caffemodel")
    writer.write_weights(small(), tmp_path / "made" / "net.caffemodel")
    assert (tmp_path / "made" / "net.caffemodel").stat().st_size == size


def test_a_set_that_is_written_meanwhile_leaves_nothing_of_it(tmp_path: Path) -> None:
    """What the old set has is asked when nobody else writes it, not when the wait for it begins."""
    writer.write(small(), tmp_path / "net", CAFFE)
    waiting = threading.Thread(target=lambda: writer.write(small(), tmp_path / "net", CAFFE, hdf5=True))
    with staged(tmp_path / "net.prototxt"):
        waiting.start()
        time.sleep(0.3)
        other = writer.write(small(), tmp_path / "other", CAFFE, others={".heads.json": "{}"})
        for place in (other.caffemodel, *other.others, other.prototxt):
            place.replace(place.with_name(place.name.replace("other", "net")))
    waiting.join()
    assert sorted(contents(tmp_path)) == ["net.caffemodel.h5", "net.prototxt"]


def test_files_of_the_old_net_that_the_new_one_lacks_go(tmp_path: Path) -> None:
    writer.write(small(), tmp_path / "net", CAFFE, others={".heads.json": "{}"})
    (tmp_path / "net.txt").write_text("mine")
    writer.write(small(), tmp_path / "net", CAFFE, hdf5=True)
    assert sorted(contents(tmp_path)) == ["net.caffemodel.h5", "net.prototxt", "net.txt"]


def test_no_file_that_the_net_is_made_of_is_replaced(tmp_path: Path) -> None:
    source = tmp_path / "weights"
    source.write_bytes(bytes(16))
    net = net_of((1, 1))
    blob = Blob.in_file(source, 0, (4,))
    net.append(Node(name="p", layer=Parameter(shape=(4,)), tops=("p",), blobs=(blob,), origin=net.nodes[0].origin))
    (tmp_path / "net.prototxt").symlink_to(source)
    with pytest.raises(ConversionError, match=r"net.prototxt is the same file as .*weights, which is read"):
        writer.write(net, tmp_path / "net", CAFFE, force=True)
    assert source.read_bytes() == bytes(16)
