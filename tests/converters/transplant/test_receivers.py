from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.transplant.receivers import KINDS, Receiver, receivers_of
from tests.converters.transplant.nets import bn, conv, data, fc, layer, net_of, relu, scale

INPUT = data(1, 3, 4, 4)


def receivers(folder: Path, text: str) -> dict[str, Receiver]:
    return {receiver.name: receiver for receiver in receivers_of(net_of(folder, text))[0]}


def test_pairs_and_kinds(tmp_path: Path) -> None:
    text = INPUT + conv("c", "data", 3) + bn("n", "c") + relu("r", "c") + scale("s", "c")
    text += layer("Scale", "gain", "c") + layer("PReLU", "p", "gain") + fc("f", "p", 2)
    found = receivers(tmp_path, text)
    assert {name: (one.kind, one.names) for name, one in found.items()} == {
        "c": ("filter", ("c",)),
        "n": ("norm", ("n", "n_scale")),
        "s": ("norm", ("s",)),
        "gain": ("plain", ("gain",)),
        "p": ("plain", ("p",)),
        "f": ("filter", ("f",)),
    }
    assert KINDS.keys() >= {"Convolution", "InnerProduct"}


def test_a_scale_that_is_not_the_norms_own_stands_alone(tmp_path: Path) -> None:
    norm = layer("BatchNorm", "n", "c")
    two_readers = INPUT + conv("c", "data", 3) + norm + layer("Scale", "s", "n") + layer("ReLU", "r", "n")
    assert receivers(tmp_path, two_readers)["n"].names == ("n",)
    behind = INPUT + conv("c", "data", 3) + norm + layer("ReLU", "r", "n") + layer("Scale", "s", "r")
    assert receivers(tmp_path, behind)["n"].names == ("n",)


def test_what_depends_on_what(tmp_path: Path) -> None:
    text = INPUT + conv("a", "data", 3) + conv("left", "a", 3) + bn("left_n", "left") + relu("r", "left")
    text += (
        conv("left_2", "left", 3)
        + conv("right", "a", 3)
        + layer("Eltwise", "sum", "left_2 right")
        + conv("z", "sum", 3)
    )
    found = receivers(tmp_path, text)
    places = {one.place: name for name, one in found.items()}
    before = {name: {places[place] for place in one.before} for name, one in found.items()}
    assert before == {
        "a": set(),
        "left": {"a"},
        "left_n": {"a", "left"},
        "left_2": {"a", "left", "left_n"},
        "right": {"a"},
        "z": {"a", "left", "left_n", "left_2", "right"},
    }
    assert found["left_n"].behind == found["left"].place
    assert found["left_2"].behind is None
    assert found["left_2"].feeder == found["left"].place
    assert found["z"].feeder is None


def test_a_transposed_matrix_is_described_as_pytorch_has_it(tmp_path: Path) -> None:
    text = INPUT + layer("InnerProduct", "f", "data", "inner_product_param { num_output: 5 transpose: true }")
    found = receivers(tmp_path, text)["f"]
    assert found.nodes[0].blobs[0].shape == (48, 5)
    assert found.shape == (5, 48)


def shared(name: str, bottom: str, params: str) -> str:
    return layer("Convolution", name, bottom, f"convolution_param {{ num_output: 3 kernel_size: 1 }} {params}")


def test_shared_weights_are_taken_once(tmp_path: Path) -> None:
    both = 'param { name: "w" } param { name: "b" }'
    found, followers = receivers_of(net_of(tmp_path, INPUT + shared("one", "data", both) + shared("two", "one", both)))
    assert [one.name for one in found] == ["one"]
    assert followers == {"two": "one"}


def test_what_cannot_be_filled_is_told(tmp_path: Path) -> None:
    text = data(4, 1, 3, name="data") + data(4, 1, name="cont")
    text += layer("RNN", "rnn", "data cont", "recurrent_param { num_output: 2 }")
    with pytest.raises(ConversionError, match=r"no module of PyTorch fits rnn \(RNN\)"):
        receivers(tmp_path, text)
    text = INPUT + shared("one", "data", 'param { name: "w" } param { name: "b" }')
    text += shared("two", "one", 'param { name: "w" } param { name: "c" }')
    with pytest.raises(ConversionError, match=r"two shares only some of its weights with one \(w\)"):
        receivers(tmp_path, text)
