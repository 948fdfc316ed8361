from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write
from caffe_ir.layers import ArgMax, Convolution, Crop, Input, Mish, Power, Swish
from caffe_ir.passes.base import Options
from caffe_ir.targets import CAFFE, MNN, NCNN, OPENCV, TARGETS
from converters.caffe import check_file, checked, convert, retarget
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.run_time_weights import RUN_TIME
from tests.caffe_ir.targets.hand_made import BY_SCRIPT, CASES, made

MAP = (1, 4, 8, 8)


def test_a_net_that_a_target_computes_has_no_shortfall() -> None:
    net = net_of(MAP)
    add(net, "mish", Mish())
    assert checked(net, OPENCV) == []


def test_what_a_target_lacks_is_listed_with_what_a_conversion_makes_of_it() -> None:
    net = net_of(MAP)
    add(net, "mish", Mish())
    add(net, "swish", Swish())
    found = checked(net, CAFFE)
    assert [(one.layer, one.verdict.effect) for one in found] == [("mish", "refused"), ("swish", "refused")]
    assert found[1].rewrite == "Swish() -> Sigmoid, times x"
    assert [node.name for node in net.nodes] == ["data", "mish", "swish"]  # the net itself stays as it is


def test_what_no_form_writes_otherwise_says_why() -> None:
    net = net_of(MAP)
    add(net, "arg", ArgMax(axis=1))
    (found,) = checked(net, MNN)
    assert found.verdict.effect == "wrong"
    assert found.rewrite == ""
    assert "the axis is ignored" in found.hindrance


def test_a_kernel_with_holes_is_written_with_zeros() -> None:
    net = net_of(MAP)
    dilated = Convolution(num_output=4, kernel_size=(3, 3), dilation=(2, 1), bias_term=False)
    add(net, "conv", dilated, np.zeros((4, 4, 3, 3)))
    (found,) = checked(net, MNN)
    assert found.rewrite.endswith("zeros between the weights")


def test_what_is_slow_is_told_and_is_no_fault() -> None:
    net = net_of(MAP)
    add(net, "power", Power(scale=2.0, shift=1.0))
    (found,) = checked(net, NCNN)
    assert not found.verdict.is_fault
    assert found.rewrite


def test_targets_that_are_asked_together_say_what_each_says_alone(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(
        'input: "data" input_shape { dim: 1 dim: 4 dim: 8 dim: 8 }\n'
        'layer { name: "lrn" type: "LRN" bottom: "data" top: "lrn" }\n'
        'layer { name: "swish" type: "Swish" bottom: "lrn" top: "swish" swish_param { beta: 2 } }\n'
    )
    found = check_file(path, TARGETS.values())
    assert list(found) == list(TARGETS)
    assert found == {name: check_file(path, [target])[name] for name, target in TARGETS.items()}
    assert [(one.origin.line, one.verdict.why) for one in found["rknn2"]] == [
        (1, "RKNN-Toolkit2 does not read a net in the old form, `input_shape`"),
        (3, "RKNN-Toolkit2 has no field swish_param"),
        (3, "RKNN-Toolkit2 has no layer Swish, and leaves it out without a message"),
    ]


def test_beside_a_layer_that_cannot_be_written_none_can_be_rewritten(tmp_path: Path) -> None:
    """Weights that are written at run time, and an ELU, which would have a form."""
    path = tmp_path / "net.prototxt"
    path.write_text(RUN_TIME, encoding="utf-8")
    found = {one.layer: one for one in check_file(path, [TARGETS["rknn2"]])["rknn2"]}
    assert [one.rewrite for one in found.values()] == [""] * 3
    assert "another layer writes at run time" in found["w"].hindrance
    assert found["z"].hindrance == "no file is written while this cannot be: w (Parameter)"


def test_a_spelling_beside_a_layer_that_cannot_be_written_stays_too(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 dim: 8 dim: 8 } } }\n'
        'layer { name: "a" type: "Slice" bottom: "data" top: "p" top: "q" }\n'
        'layer { name: "arg" type: "ArgMax" bottom: "p" top: "arg" argmax_param { axis: 1 } }\n'
    )
    found = {one.layer: one for one in check_file(path, [MNN])["mnn"]}
    assert {name: one.rewrite for name, one in found.items()} == {"a": "", "arg": ""}
    assert found["a"].hindrance == "no file is written while this cannot be: arg (ArgMax)"


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_what_can_be_rewritten_is_written(target: str, tmp_path: Path) -> None:
    """Of the hand-made nets: where a layer can be rewritten the whole net is written, and else nothing is."""
    for case in [case for case in CASES if case not in BY_SCRIPT]:  # of these the weights are not what Caffe takes
        files, _ = made(case, tmp_path)
        path, weights = files.stem.with_suffix(".prototxt"), files.stem.with_suffix(".caffemodel")
        faults = [one for one in check_file(path, [TARGETS[target]])[target] if one.verdict.is_fault]
        if not faults:
            continue
        try:
            write(retarget(convert(path, weights), TARGETS[target], Options()), tmp_path / "out", TARGETS[target])
        except ConversionError:
            assert not any(one.rewrite for one in faults), case
        else:
            assert all(one.rewrite for one in faults), case


@pytest.mark.parametrize("shape", [(2, 4), (1, 4, 8), MAP, (1, 4, 2, 8, 8)], ids=str)
@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_every_target_says_something_of_windows_over_any_number_of_axes(
    kind: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    sizes = " ".join(f"dim: {size}" for size in shape)
    path = tmp_path / "net.prototxt"
    path.write_text(
        f'layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ {sizes} }} }} }}\n'
        f'layer {{ name: "y" type: "{kind}" bottom: "x" top: "y" '
        "convolution_param { num_output: 4 kernel_size: 2 } }\n"
    )
    found = check_file(path, tuple(TARGETS.values()))
    assert found.keys() == TARGETS.keys()
    assert not found["caffe"]


def test_a_crop_that_changes_nothing_is_no_fault_of_any_target(tmp_path: Path) -> None:
    """Without it the net is its inputs alone."""
    net = net_of(MAP)
    add(net, "other", Input(shape=MAP), bottoms=())
    add(net, "y", Crop(), bottoms=["data", "other"])
    write(net, tmp_path / "net", CAFFE)
    assert check_file(tmp_path / "net.prototxt", tuple(TARGETS.values())).keys() == TARGETS.keys()


def test_more_param_than_weights_is_refused_by_every_caffe(tmp_path: Path) -> None:
    """Caffe 1.0: `Too many params specified for layer y`; OpenCV reads it."""
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 dim: 8 dim: 8 } } }\n'
        'layer { name: "y" type: "Convolution" bottom: "x" top: "y" param { lr_mult: 1 } param { lr_mult: 2 }\n'
        "  convolution_param { num_output: 4 kernel_size: 2 bias_term: false } }\n"
    )
    found = check_file(path, tuple(TARGETS.values()))
    refused = {name for name, faults in found.items() if any("2 `param`" in fault.verdict.why for fault in faults)}
    assert refused == {"caffe", "caffe-master", "ssd"}
    assert not found["opencv"]
