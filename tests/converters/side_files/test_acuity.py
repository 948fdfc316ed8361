from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.side_files.acuity import acuity
from tests.converters.side_files.subjects import KINDS, picture, subject, wanted

yaml = pytest.importorskip("yaml")


def port(text: str) -> dict[str, Any]:
    (database,) = yaml.safe_load(text)["input_meta"]["databases"]
    assert database["type"] == "TEXT"
    (found,) = database["ports"]
    return dict(found)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "torchvision's"])
def test_the_formula_with_these_numbers(kind: str) -> None:
    of = subject(kind)
    said, image = port(acuity(of)["_inputmeta.yml"]), picture(of)
    assert (said["lid"], said["shape"], said["layout"]) == ("data_0", list(of.shape), "nchw")
    how = said["preprocess"]
    fed = image[::-1] if how["reverse_channel"] else image
    found = (fed - np.reshape(how["mean"], (-1, 1, 1))) * how["scale"]
    np.testing.assert_allclose(found, wanted(of, image), atol=2e-6 * 255 * max(of.scale))
    assert how["preproc_node_params"]["preproc_type"] == ("IMAGE_GRAY" if of.channels == 1 else "IMAGE_RGB")


def test_scales_that_differ_are_refused() -> None:
    with pytest.raises(ConversionError, match="--side-files acuity: the channels are scaled by"):
        acuity(subject("torchvision's"))


def test_names_are_spelled_as_yaml_has_them() -> None:
    text = acuity(replace(subject(name="a: b\n- c"), input='in "put": x'))["_inputmeta.yml"]
    assert port(text)["lid"] == 'in "put": x_0'
