from __future__ import annotations

import json

from converters.options.caffe import TARGETS
from tests.converters.cli.given import converted, tool


def test_the_list_names_every_target_and_how_it_is_known() -> None:
    lines = converted("targets").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["target", *TARGETS]
    assert "run by us" in lines[1]


def test_a_target_is_shown_with_its_limits_what_happens_beyond_them_and_their_source() -> None:
    told = converted("targets", "mnn").stdout
    assert "convert verify --engine mnn" in told
    assert "WRONG       any coefficients are taken for 1 and -1" in told
    assert "other form  a detection has six numbers" in told
    assert "trials elt_sum_coeff_frac and elt_sum_coeff_ones" in told
    assert "source: tools/converter/source/caffe/Reduction.cpp" in told
    assert "lacks     Axpy, BatchReindex, BN, Clip, DepthwiseConvolution" in told


def test_the_same_as_json() -> None:
    (found,) = json.loads(converted("targets", "ncnn", "--json").stdout)
    assert found["layers"]["Power"][0]["effect"] == "slow"
    assert {one["name"] for one in json.loads(converted("targets", "--json").stdout)} == set(TARGETS)


def test_an_unknown_target_is_refused_with_the_names_that_are_near() -> None:
    result = tool("targets", "opencvv")
    assert result.exit_code == 2
    assert "'opencvv' is not one of 'caffe', 'caffe-master', 'ssd', 'opencv'" in " ".join(result.output.split())
    assert "did you mean opencv?" in result.output


def test_what_concerns_whole_nets_and_spellings_is_shown_too() -> None:
    told = converted("targets", "nnie", "mnn", "nncase").stdout
    assert "from documents and reports, not tried by us" in told
    assert "refused  more than 16 outputs" in told
    assert "refused  names of inputs and outputs of more than 31 characters" in told
    assert "WRONG    rows and columns as two kernel_size are exchanged" in told
    assert "refused  a net in the old form `layers`" in told
    assert "refused  layers in place, but BatchNorm, ReLU, Scale" in told
