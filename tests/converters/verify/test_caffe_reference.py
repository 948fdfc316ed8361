"""OpenCV as the reference of a Caffe net; what it computes is held against torch in its own test."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import LRN, InnerProduct, Sigmoid
from caffe_ir.values import Values
from converters.verify import ENGINES, Reference
from converters.verify.caffe_reference import REFERENCES, chosen_reference, engine_reference
from converters.verify.engine import EngineFailed
from converters.verify.source import ReferenceFailed
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.engine_nets import INPUT, by_torch, files_of, ordinary, sliced

pytestmark = pytest.mark.skipif(importlib.util.find_spec("caffe") is not None, reason="pycaffe comes before OpenCV")


def valued(net):
    net.values = Values({top: top for node in net.nodes for top in node.tops})
    return net


def files_with_values(folder, net):
    files = files_of(folder, net)
    valued(files.net)
    return files


def reference_of(files, text="") -> Reference:
    found = chosen_reference(files, text)
    assert found.reference is not None, found.why
    return found.reference


def test_opencv_is_the_reference_of_what_it_computes(tmp_path) -> None:
    reference = reference_of(files_with_values(tmp_path, ordinary()))
    assert reference.name == "opencv"
    assert reference.title.startswith("net.prototxt in OpenCV")
    seen = dict(reference.values({"renamed": INPUT}))
    for blob, right in by_torch(ordinary()).items():
        np.testing.assert_allclose(np.array(seen[blob]), right, rtol=1e-4, atol=1e-5)


def test_the_second_top_of_a_layer_is_passed_over_and_what_follows_is_not(tmp_path) -> None:
    reference = reference_of(files_with_values(tmp_path, sliced()))
    seen = dict(reference.values({"data": INPUT}))
    assert list(seen) == ["first", "second", "relu"]
    assert seen["second"] is None
    np.testing.assert_allclose(np.array(seen["relu"]), np.maximum(INPUT[:, 1:], 0))


def test_an_engine_that_gets_a_layer_wrong_is_not_the_reference(tmp_path) -> None:
    net = net_of((1, 3, 9, 11))
    add(net, "lrn", LRN(k=2.0))  # both OpenCV and MNN ignore k
    found = chosen_reference(files_with_values(tmp_path, net))
    assert found.reference is None
    assert found.why == "pycaffe: not installed; opencv: lrn (LRN): k is ignored; mnn: lrn (LRN): k is ignored"


def test_nor_is_one_that_reads_the_text_otherwise(tmp_path) -> None:
    """OpenCV takes an LRN without alpha for one of 0.0001."""
    net = net_of((1, 3, 9, 11))
    add(net, "lrn", LRN(alpha=1.0))
    files = files_with_values(tmp_path, net)
    assert "alpha: 1" in files.prototxt.read_text(encoding="utf-8")
    assert reference_of(files).name == "opencv"
    files.prototxt.write_text(re.sub(r"alpha: \S+", "", files.prototxt.read_text(encoding="utf-8")), encoding="utf-8")
    found = chosen_reference(files)
    assert found.reference is None or found.reference.name == "mnn"
    assert found.reference is not None or "opencv: lrn (LRN): an alpha that is not set is taken as 0.0001" in found.why


def test_the_next_engine_takes_its_place(tmp_path) -> None:
    net = net_of((1, 3))
    rng = np.random.default_rng(0)
    add(net, "fc", InnerProduct(num_output=4, transpose=True), rng.normal(size=(3, 4)), rng.normal(size=4))
    found = chosen_reference(files_with_values(tmp_path, net))  # OpenCV takes no transposed weights
    assert (found.reference is None) == bool(ENGINES["mnn"].missing())
    assert found.reference is None or found.reference.name == "mnn"


def test_it_may_read_another_text_in_the_place_of_the_prototxt(tmp_path) -> None:
    files = files_with_values(tmp_path, ordinary())
    text = files.prototxt.read_text(encoding="utf-8")
    training = 'layer { name: "data" type: "Data" top: "data" include { phase: TRAIN } }'
    files.prototxt.write_text(f"{training}\n{text}", encoding="utf-8")  # OpenCV takes both for sources of one blob
    reference = reference_of(files, text)
    assert "without what is for training" in reference.title
    assert "prob" in dict(reference.values({"data": INPUT}))
    with pytest.raises(ReferenceFailed, match="OpenCV cannot run the net"):
        list(reference_of(files).values({"data": INPUT}))


def test_what_an_engine_says_when_it_fails_is_the_judges_reason(tmp_path) -> None:
    def fails(*arguments: object) -> Iterator[np.ndarray | None]:
        raise EngineFailed("it has no Sigmoid")
        yield

    net = net_of((1, 3))
    add(net, "sigmoid", Sigmoid())
    reference = engine_reference(replace(ENGINES["opencv"], blobs=fails), files_with_values(tmp_path, net))
    with pytest.raises(ReferenceFailed, match="it has no Sigmoid"):
        list(reference.values({"data": np.zeros((1, 3))}))


def test_the_engines_that_may_be_the_reference_exist() -> None:
    assert set(REFERENCES) <= set(ENGINES)
