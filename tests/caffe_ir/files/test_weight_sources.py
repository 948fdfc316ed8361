from __future__ import annotations

import hashlib

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.blob import Blob
from caffe_ir.files.prototxt import prototxt
from caffe_ir.files.weight_sources import HEAD, BlobSource, digest, read_sources, sources_text
from caffe_ir.layers import Parameter
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.proto import caffe_pb2
from caffe_ir.tensors_behind import TensorsBehind
from tests.caffe_ir.build import net_of


def net(*blobs: Blob, behind: TensorsBehind | None = None, names: tuple[str, ...] = ("one", "two", "three")) -> Net:
    made = net_of((1, 2))
    for name, blob in zip(names, blobs, strict=False):
        layer, origin = Parameter(shape=(2,)), made.nodes[0].origin
        made.append(Node(name=name, layer=layer, tops=(name,), blobs=(blob,), origin=origin))
    made.behind = behind or TensorsBehind()
    return made


def of(values: list[float], key: str = "", *, constant: bool = False) -> Blob:
    return Blob(shape=(2,), load=lambda: np.array(values, np.float32), key=key, constant=constant)


def test_every_kind_of_source_stands_there_and_comes_back() -> None:
    behind = TensorsBehind(
        used={"conv.weight": of([1, 2]), "k": of([3, 4]), "table": of([5, 6])},
        computed_from={"table"},
        unused=("aux.weight",),
        same={"tied": "conv.weight"},
    )
    text = sources_text(net(of([1, 2], "conv.weight"), of([0, 1], constant=True), of([9, 9]), behind=behind))
    assert text.splitlines() == [
        HEAD,
        '# "one" <- "conv.weight"',
        '# "two" <- constant',
        '# "three" <- computed',
        f'# as it was "k" {digest(np.array([3.0, 4.0]))}',
        f'# as it was "table" {digest(np.array([5.0, 6.0]))}',
        '# unused "aux.weight"',
        '# the same "tied" "conv.weight"',
    ]
    found = read_sources("layer { }\n" + text)
    assert found.layers == {
        "one": (BlobSource("conv.weight"),),
        "two": (BlobSource(constant=True),),
        "three": (BlobSource(),),
    }
    assert list(found.as_it_was) == ["k", "table"]
    assert found.unused == {"aux.weight"}
    assert found.shapes == {}
    assert found.same == {"tied": "conv.weight"}


@pytest.mark.parametrize("shape", [(), (2, 1), (1, 2, 1)])
def test_the_shape_of_a_tensor_that_is_seen_in_another(shape: tuple[int, ...]) -> None:
    behind = TensorsBehind(used={"w": Blob.computed(shape, lambda: np.zeros(shape))})
    assert read_sources(sources_text(net(of([1, 2], "w"), behind=behind))).shapes == {"w": shape}


def test_a_net_that_has_no_checkpoint_tells_nothing() -> None:
    assert sources_text(net(of([1, 2], constant=True), of([1, 2]))) == ""
    assert read_sources(prototxt(net(of([1, 2])))).layers == {}


@given(st.lists(st.text(min_size=1, max_size=20), min_size=3, max_size=3, unique=True), st.text(max_size=20))
def test_any_names_come_back_and_caffe_reads_the_text(names: list[str], key: str) -> None:
    used = {one: of([1, 2]) for one in ("w" + key, '" constant')}
    behind = TensorsBehind(used=used, unused=tuple(names))
    made = net(of([1, 2], "w" + key), of([1, 2], '" constant'), behind=behind, names=tuple(f"{n}_" for n in names))
    text = sources_text(made)
    found = read_sources(text)
    assert found.layers == {f"{names[0]}_": (BlobSource("w" + key),), f"{names[1]}_": (BlobSource('" constant'),)}
    assert found.unused == set(names)
    text_format.Parse(prototxt(made) + text, caffe_pb2.NetParameter())


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    read_sources(f"{HEAD}\n{text}")


NO_LINES = ['# "a" <-', '# "a', '# "a" < constant', "#", "# as it was k", '# as it was "k"', '# the same "a"']


@pytest.mark.parametrize("line", [*NO_LINES, '"a" <- "b"'])
def test_what_is_no_line_of_them_is_passed_over(line: str) -> None:
    found = read_sources(f"{HEAD}\n{line}\n# 'a'\nlayer {{ }}")
    assert not any(found.layers.values())
    assert not found.as_it_was
    assert not found.same


def test_the_digest_is_that_of_the_numbers_in_float64() -> None:
    values = np.random.default_rng(0).normal(size=(3, 1 << 20)).astype(np.float32)
    assert digest(values) == hashlib.sha256(values.astype("<f8").tobytes()).hexdigest()[:16]
    assert digest(values.astype(np.float64)) == digest(values)
    assert digest(values.T) != digest(values)
