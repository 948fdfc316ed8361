"""Whose Darknet a model is for: by its cfg, by the version in its weights, or by the user."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.darknet.cfg import parse_cfg
from converters.darknet.dialect import batch_norm_form, decide_dialect, writer_by_header, written_by
from converters.darknet.header import parse_header
from tests.converters.darknet.judged import ALEXEYAB, ORIGINAL, net


def cfg(sections: str):
    return parse_cfg(net(sections).encode(), "tiny.cfg")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((0, 1, 0), "darknet"),
        ((0, 2, 0), "darknet"),
        ((0, 2, 5), "alexeyab"),
        ((0, 2, 6), "alexeyab"),
        # Transposed files, older than any fork.
        ((1001, 0, 0), "darknet"),
        ((961656599, 1063675494, 961656599), "darknet"),
    ],
)
def test_the_version_decides_where_the_cfg_says_nothing(version, expected):
    assert written_by(version, cfg("[convolutional]")) == expected
    assert decide_dialect(cfg("[convolutional]"), version).dialect == expected


@pytest.mark.parametrize(
    "section",
    [
        "[Gaussian_yolo]",
        "[local_avgpool]",
        "[reorg3d]",
        "[sam]",
        "[scale_channels]",
        "[implicit]",
        "[silence]",
        "[convolutional];activation=mish",
        "[convolutional];activation=relu6",
        "[convolutional];stride_x=2",
        "[convolutional];dilation=2",
        "[convolutional];share_index=0",
        "[maxpool];maxpool_depth=1",
        "[shortcut];weights_type=per_channel",
        "[route];groups=2",
        "[yolo];scale_x_y=1.05",
        "[yolo];new_coords=1",
    ],
)
def test_what_only_alexeyab_knows(section):
    decided = decide_dialect(cfg(section), ORIGINAL)
    assert decided.dialect == "alexeyab"
    assert "line " in decided.why


@pytest.mark.parametrize(
    "section",
    [
        "[deconvolutional]",
        "[l2norm]",
        "[logistic]",
        "[iseg]",
        "[shortcut];alpha=.5",
        "[shortcut];beta=2",
        "[reorg];extra=1",
        "[reorg];flatten=1",
        "[region];background=1",
    ],
)
def test_what_only_the_original_knows(section):
    assert decide_dialect(cfg(section), ORIGINAL).dialect == "darknet"
    with pytest.raises(ConversionError, match="--dialect darknet or --dialect alexeyab"):
        decide_dialect(cfg(section), ALEXEYAB)


@pytest.mark.parametrize(
    "section",
    [
        "[yolo];scale_x_y=1.0;new_coords=0;iou_loss=ciou",
        "[route];groups=1",
        "[shortcut];alpha=1;beta=1.0;weights_type=none",
        "[reorg];extra=0;flatten=0",
        "[convolutional];dilation=1;antialiasing=0",
    ],
)
@pytest.mark.parametrize("version", [ORIGINAL, ALEXEYAB])
def test_what_says_nothing(section, version):
    assert decide_dialect(cfg(section), version).dialect == written_by(version, cfg(section))


def test_a_contradiction_names_both_lines():
    with pytest.raises(ConversionError) as caught:
        decide_dialect(cfg("[convolutional];activation=mish\n[maxpool]\n[l2norm]"), ALEXEYAB)
    (problem,) = caught.value.problems
    assert str(problem).startswith("tiny.cfg:8 [l2norm]: [l2norm] is only known to the original Darknet")
    assert "activation=mish (line 6) only to AlexeyAB's" in str(problem)


@pytest.mark.parametrize("wanted", ["darknet", "alexeyab"])
def test_the_user_has_the_last_word(wanted):
    assert decide_dialect(cfg("[l2norm]\n[sam]"), ALEXEYAB, wanted).dialect == wanted


@pytest.mark.parametrize(
    ("sections", "version", "wanted", "dialect", "writer"),
    [
        # the original wrote 0.2.0 nine months before it had [yolo]
        ("[yolo]", (0, 1, 0), "auto", "alexeyab", "alexeyab-2018"),
        ("[convolutional]\n[yolo]\n[yolo]", (0, 1, 0), "auto", "alexeyab", "alexeyab-2018"),
        ("[yolo]", (0, 1, 0), "darknet", "darknet", "darknet"),
        ("[yolo]", (0, 2, 0), "auto", "darknet", "darknet"),
        ("[yolo]", (0, 2, 5), "auto", "alexeyab", "alexeyab"),
        # weights of 2018 in a cfg that only later programs know
        ("[yolo];scale_x_y=1.1", (0, 1, 0), "auto", "alexeyab", "alexeyab"),
        ("[region]", (0, 1, 0), "auto", "darknet", "darknet"),
        ("[region]", (0, 1, 0), "alexeyab", "alexeyab", "alexeyab-2018"),
        ("[convolutional]", None, "auto", "darknet", "darknet"),
    ],
)
def test_whose_program_wrote_the_weights(sections, version, wanted, dialect, writer):
    decided = decide_dialect(cfg(sections), version, wanted)
    assert (decided.dialect, decided.writer) == (dialect, writer)


def test_a_version_of_two_programs_is_told():
    assert "AlexeyAB's until October 2018: then --dialect alexeyab" in decide_dialect(cfg("[region]"), (0, 1, 0)).why
    assert "got [yolo]" in decide_dialect(cfg("[yolo]"), (0, 1, 0)).why
    assert "2018" not in decide_dialect(cfg("[region]"), (0, 2, 0)).why


def test_weights_of_2018_in_a_cfg_of_the_original_alone_contradict():
    with pytest.raises(ConversionError, match="--dialect darknet or --dialect alexeyab"):
        decide_dialect(cfg("[yolo]\n[shortcut];alpha=.5"), (0, 1, 0))


@pytest.mark.parametrize(("version", "size", "expected"), [((0, 0, 0), 20, "pytorch"), ((0, 2, 5), 16, "darknet")])
def test_five_int32_under_a_version_of_four_are_of_pytorch(version, size, expected):
    header = parse_header(bytes(np.array([*version, 0, 0], "<i4")), "darknet", size)
    assert header is not None
    assert writer_by_header("darknet", header) == expected


@pytest.mark.parametrize(
    ("writer", "wanted", "form", "eps"),
    [
        ("darknet", "auto", "outside", 1e-6),
        ("alexeyab", "auto", "inside", 1e-5),
        ("alexeyab-2018", "auto", "outside", 1e-6),
        ("pytorch", "auto", "inside", 1e-5),
        ("darknet", "darknet-gpu", "inside", 1e-5),
        ("darknet", "alexeyab", "inside", 1e-5),
        ("alexeyab", "darknet-cpu", "outside", 1e-6),
        ("alexeyab", "inside:1e-4", "inside", 1e-4),
    ],
)
def test_batch_norm(writer, wanted, form, eps):
    found = batch_norm_form(writer, wanted)
    assert (found.form, found.eps) == (form, eps)


def test_batch_norm_says_how_to_change_it():
    assert "--bn darknet-gpu" in batch_norm_form("darknet").why
    assert "--bn darknet-cpu" in batch_norm_form("alexeyab").why
    assert "--bn inside:1e-4" in batch_norm_form("pytorch").why
