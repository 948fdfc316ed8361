from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from caffe_ir.files.header import Origins, with_header
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from caffe_ir.version import VERSION
from converters.darknet import convert, heads_json
from converters.verify.beside import facts_beside
from tests.converters.cli.given import darknet_model

ENDING = ".heads.json"


@pytest.fixture(scope="module")
def wanted(tmp_path_factory) -> str:
    model = convert(*darknet_model(tmp_path_factory.mktemp("heads")))
    return heads_json(model, lower(model.net, CAFFE, Options()))


def said(folder: Path, text: str | bytes | None, wanted: str | None, version: str = VERSION) -> list[tuple[str, bool]]:
    path = folder / "net.heads.json"
    header = with_header("name: 'net'\n", Origins(), "caffe", {})
    (folder / "net.prototxt").write_text(header.replace(VERSION, version) if version else "name: 'net'\n")
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = list(facts_beside(folder / "net.prototxt", {ENDING: wanted}))
    assert all(fault.layer == "net.heads.json" and fault.written == str(path) for fault, _ in found)
    return [(fault.text, is_wrong) for fault, is_wrong in found]


def changed(text: str, change) -> str:
    """The facts with something done to the first head."""
    facts: dict[str, Any] = json.loads(text)
    change(facts)
    return json.dumps(facts)


def test_what_the_converter_writes_is_right_however_it_is_laid_out(tmp_path, wanted) -> None:
    assert said(tmp_path, wanted, wanted) == []
    assert said(tmp_path, json.dumps(json.loads(wanted), sort_keys=True), wanted) == []
    assert said(tmp_path, wanted.replace("10.0, 14.0", "10, 14"), wanted) == []
    assert list(facts_beside(tmp_path / "net.prototxt", {})) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f["heads"][0]["anchors"].__setitem__(3, 28), "heads[0].anchors[3] is 28 where 27.0 belongs"),
        (lambda f: f["heads"][0].__setitem__("mask", [1, 2]), "heads[0].mask is [1, 2] where [1, 2, 4] belongs"),
        (lambda f: f["heads"][0].__setitem__("blob", "conv_3"), 'heads[0].blob is "conv_3" where "conv_4" belongs'),
        (lambda f: f["heads"][0].__setitem__("classes", 3), "heads[0].classes is 3 where 2 belongs"),
        (lambda f: f["heads"][0].__setitem__("stride", 4), "heads[0].stride is 4 where 2.0 belongs"),
        (lambda f: f["heads"][0].__delitem__("stride"), "heads[0].stride is missing where 2.0 belongs"),
        (lambda f: f["heads"][0]["to_do"]["logistic"].pop(), 'heads[0].to_do.logistic is ["x", "y", "objectness"]'),
        (lambda f: f["heads"][0]["nms"].__setitem__("beta", 0), "heads[0].nms.beta is 0 where null belongs"),
        (lambda f: f["input"].__setitem__("letterbox", False), "input.letterbox is false where true belongs"),
        (lambda f: f["input"].__setitem__("letterbox", 1), "input.letterbox is 1 where true belongs"),
        (lambda f: f["input"].__setitem__("scale", 1), 'input.scale is 1 where "1/255" belongs'),
        (lambda f: f.__setitem__("dialect", "alexeyab"), 'dialect is "alexeyab" where "darknet" belongs'),
        (lambda f: f["heads"].append(f["heads"][0]), "heads is ["),
        (lambda f: f.clear(), "dialect is missing"),
    ],
)
def test_a_fact_that_is_not_the_sources_is_a_fault_with_its_path(change, told, tmp_path, wanted) -> None:
    ((text, is_wrong),) = said(tmp_path, changed(wanted, change), wanted)
    assert is_wrong
    assert text.startswith(told), text


@pytest.mark.parametrize("version", ["0.0.9", ""])
def test_facts_that_an_older_tocaffe_did_not_know_are_a_warning(version, tmp_path, wanted) -> None:
    def forget(facts) -> None:
        del facts["heads"][0]["transposed"], facts["input"]["letterbox"]

    def another_besides(facts) -> None:
        forget(facts)
        facts["dialect"] = "yolo"

    ((text, is_wrong),) = said(tmp_path, changed(wanted, forget), wanted, version)
    assert not is_wrong
    assert "without input.letterbox, heads[0].transposed: convert again" in text
    (text, is_wrong), (_, other_is_wrong) = said(tmp_path, changed(wanted, another_besides), wanted, version)
    assert is_wrong
    assert text.startswith("dialect is")
    assert not other_is_wrong


def test_many_facts_are_listed_to_a_number(tmp_path, wanted) -> None:
    ((text, _),) = said(tmp_path, changed(wanted, lambda f: f["heads"].__setitem__(0, {})), wanted)
    assert text.count("is missing") == 5
    assert text.endswith(" more")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: Expecting value"),
        ("{", "line 1: Expecting property name enclosed in double quotes"),
        (b"\xff\xfe", "it is not text"),
        ('{"dialect": "darknet", "dialect": "alexeyab"}', "the key dialect stands twice"),
        ("[" * 100_000, "its lists and objects are nested too deep"),
        ('{"heads": ' + "9" * 5000 + "}", "it has a number of thousands of digits"),
        ('{"heads": [-' + "1" * 4301 + "]}", "it has a number of thousands of digits"),
        ("[]", "all of it is [] where"),
    ],
)
def test_what_is_no_such_file_is_a_fault(text, told, tmp_path, wanted) -> None:
    ((found, is_wrong),) = said(tmp_path, text, wanted)
    assert is_wrong
    assert told in found


def test_a_folder_in_its_place_is_a_fault(tmp_path, wanted) -> None:
    (tmp_path / "net.heads.json").mkdir()
    ((text, is_wrong),) = said(tmp_path, None, wanted)
    assert is_wrong
    assert text == "it cannot be read: Is a directory"


def test_facts_that_are_missing_too_many_or_another_nets_are_warnings(tmp_path, wanted) -> None:
    ((text, is_wrong),) = said(tmp_path, None, wanted)
    assert not is_wrong
    assert text.startswith("it is missing")
    assert said(tmp_path, None, None) == []
    ((text, is_wrong),) = said(tmp_path, changed(wanted, lambda f: f["heads"][0].__setitem__("mine", 1)), wanted)
    assert not is_wrong
    assert text == "it has what the converter does not write: heads[0].mine"
    ((text, is_wrong),) = said(tmp_path, wanted, None)
    assert not is_wrong
    assert "another net's" in text


def test_what_lies_deep_in_each_other_is_a_difference(tmp_path, wanted) -> None:
    for depth in range(800, 1000):
        ((text, _),) = said(tmp_path, '{"heads": ' + "[" * depth + "]" * depth + "}", wanted)
        assert "dialect is missing" in text or "too deep" in text


def test_many_keys_take_no_longer_than_each_of_them(tmp_path, wanted) -> None:
    keys = ", ".join(f'"{place}": 0' for place in range(60_000))
    ((text, _),) = said(tmp_path, f'{{{keys}, "59999": 1}}', wanted)
    assert text == "it cannot be read: the key 59999 stands twice"
