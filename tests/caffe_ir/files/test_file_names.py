from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.file_names import stem_of_weights, weights_beside


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a/net.caffemodel", "a/net"), ("net.caffemodel.h5", "net"), ("net.h5", ""), ("net.prototxt", ""), ("net", "")],
)
def test_the_stem_of_a_weights_file(name: str, stem: str) -> None:
    assert stem_of_weights(name) == stem


def test_the_weights_beside_a_prototxt_are_those_that_are_there(tmp_path: Path) -> None:
    stem = str(tmp_path / "net")
    assert weights_beside(stem) == Path(f"{stem}.caffemodel")
    Path(f"{stem}.caffemodel.h5").touch()
    assert weights_beside(stem) == Path(f"{stem}.caffemodel.h5")
    Path(f"{stem}.caffemodel").touch()
    with pytest.raises(ConversionError, match="name the one that you mean"):
        weights_beside(stem)
