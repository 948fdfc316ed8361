"""The options that a prototxt states in its comment, which anybody may have written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caffe_ir.errors import ConversionError
from converters.cli.verify_stated import Stated, stated_options
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions
from tests.converters.cli.given import TINY, converted, darknet_model


@pytest.fixture
def prototxt(tmp_path) -> Path:
    words = ("--bn", "darknet-gpu", "--input-size", "64x32", "--fold-bn", "--head", "activated")
    converted("darknet", *darknet_model(tmp_path, TINY), "-o", tmp_path / "net", *words)
    return tmp_path / "net.prototxt"


def stated(prototxt: Path, **given: Any) -> Stated[DarknetOptions]:
    lowering: dict[str, Any] = {name: given.pop(name) for name in ("head", "fold_bn", "target") if name in given}
    return stated_options(prototxt, DarknetOptions, given, lowering, {})


def test_they_are_those_of_the_conversion(prototxt) -> None:
    found = stated(prototxt)
    assert found.read == DarknetOptions(bn="darknet-gpu", input_size=(64, 32))
    assert found.lowering == CaffeOptions(fold_bn=True, head="activated")
    said = "--bn darknet-gpu --input-size 64x32 --head activated --fold-bn"
    assert found.remarks == (f"options from the comment of net.prototxt: {said}",)


def test_the_user_is_right(prototxt) -> None:
    found = stated(prototxt, bn="auto", fold_bn=False)
    assert found.read == DarknetOptions(input_size=(64, 32))
    assert found.lowering == CaffeOptions(head="activated")
    assert found.remarks == ("options from the comment of net.prototxt: --input-size 64x32 --head activated",)


def test_an_edited_prototxt_was_made_with_the_same_options(prototxt) -> None:
    before = stated(prototxt)
    prototxt.write_text(prototxt.read_text() + 'layer { name: "more" type: "ReLU" bottom: "data" top: "more" }\n')
    assert stated(prototxt) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.partition('name: "tiny"')[1] + text.partition('name: "tiny"')[2],
        lambda text: text.replace('source = "darknet"', 'source = "pytorch"'),
        lambda text: text.replace("fold_bn = true", "fold_bn = = true"),
    ],
)
def test_without_them_nothing_is_known(change, prototxt) -> None:
    prototxt.write_text(change(prototxt.read_text()))
    found, given = stated(prototxt), stated(prototxt, batch=2, fold_bn=True)
    assert found == Stated(read=DarknetOptions(), remarks=found.remarks)
    assert given == Stated(read=DarknetOptions(batch=2), lowering=CaffeOptions(fold_bn=True), remarks=found.remarks)
    assert found.remarks[0].startswith("net.prototxt does not say how it was made of this source")


def test_what_cannot_be_an_option_is_told_and_left_aside(prototxt) -> None:
    prototxt.write_text(prototxt.read_text().replace('bn = "darknet-gpu"', 'bn = "shell"'))
    found = stated(prototxt)
    assert found.read == DarknetOptions()
    assert found.lowering == CaffeOptions()
    assert found.remarks[0].startswith("the comment of net.prototxt cannot be used: bn: ")


def test_a_comment_opens_no_file_and_runs_nothing(tmp_path) -> None:
    path = tmp_path / "net.prototxt"
    said = {"source": '"pytorch"', "trust_pickle": "true", "plugins": '["evil.py"]', "weights": '"other.pth"',
            "weights_key": '"ema"', "input": '["1x3"]', "crc32": '"00000000"'}  # fmt: skip
    path.write_text("# Written by tocaffe 0.1.0\n" + "".join(f"# {key} = {value}\n" for key, value in said.items()))
    found = stated_options(path, PyTorchOptions, {}, {}, {})
    assert found.read == PyTorchOptions(input=("1x3",))
    told = "\n".join(found.remarks)
    for flag in ("--trust-pickle (True)", "--plugin (['evil.py'])", "--weights (other.pth)", "--weights-key (ema)"):
        assert f"the files were made with {flag}, which has to be given here too" in told
    given = stated_options(path, PyTorchOptions, {"weights": Path("mine.pth")}, {}, {})
    assert given.read.weights == Path("mine.pth")
    assert "--weights (" not in "\n".join(given.remarks)


def test_files_of_another_size_are_told(prototxt) -> None:
    sizes = {path.name: path.stat().st_size for path in prototxt.parent.iterdir() if path != prototxt}
    assert len(stated_options(prototxt, DarknetOptions, {}, {}, sizes).remarks) == 1
    for name in ("tiny.weights", "net.caffemodel"):
        other = stated_options(prototxt, DarknetOptions, {}, {}, {**sizes, name: 7}).remarks
        assert other[1] == f"{name} has 7 bytes; the one that the prototxt was written with had {sizes[name]:,}"


def test_a_prototxt_that_is_not_there_is_told(tmp_path) -> None:
    with pytest.raises(ConversionError, match=r"cannot read .*not\.there"):
        stated_options(tmp_path / "not.there", DarknetOptions, {}, {}, {})
