from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.darknet import heads_json
from converters.decode.facts import facts_of, read_facts
from converters.decode.heads import AnchorHead
from tests.converters.darknet.judged import ALEXEYAB, converted, net
from tests.converters.darknet.test_heads import YOLO

SCORES = "[convolutional]\nfilters=5\n[avgpool]\n[softmax]"


def written(folder: Path, sections: str, **options) -> dict:
    return json.loads(heads_json(converted(folder, net(sections), **options)))


def test_what_the_converter_writes_is_read(tmp_path: Path) -> None:
    text = heads_json(converted(tmp_path, net(YOLO, height=64, width=96)))
    (tmp_path / "x.heads.json").write_text(text)
    head = read_facts(tmp_path / "x.heads.json").heads[0]
    assert isinstance(head, AnchorHead)
    plain = json.loads(text)["heads"][0]
    assert (head.mask, head.grid, head.blob) == (tuple(plain["mask"]), tuple(plain["grid"]), plain["blob"])
    assert head.to_do.logistic == tuple(plain["to_do"]["logistic"])
    classifier = facts_of(heads_json(converted(tmp_path, net(SCORES), header=ALEXEYAB)).encode(), tmp_path).classifier
    assert classifier is not None
    assert classifier.classes == 5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mask": [0, 7]}, "mask reaches beyond its 3 anchors"),
        ({"mask": [0]}, "mask names 1 of its 2 boxes"),
        ({"grid": [0, 3]}, "a number of it is too small"),
        ({"classes": 10**9}, "would have"),
        ({"classes": "two"}, "Expected `int`, got `str` - at `$.heads[0].classes`"),
        ({"type": "yolo9"}, "Invalid value 'yolo9' - at `$.heads[0].type`"),
        ({"to_do": {"logistic": ["z"]}}, "Invalid enum value 'z'"),
        ({"tree": [3], "parents": [-1, -1]}, "the tree has other classes than its"),
        ({"parents": [1, -1, -1]}, "a class of the tree comes before its parent"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, change: dict, told: str) -> None:
    facts = written(tmp_path, YOLO)
    facts["heads"][0].update(change)
    with pytest.raises(ConversionError) as error:
        facts_of(json.dumps(facts).encode(), tmp_path / "x.heads.json")
    assert told in str(error.value)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"input": 3}'])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.heads.json").write_bytes(text)
    with pytest.raises(ConversionError, match="does not describe a net's outputs"):
        read_facts(tmp_path / "x.heads.json")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "missing", tmp_path):
        with pytest.raises(ConversionError):
            read_facts(path)
