from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from converters.cli.verify_opened import Asked
from converters.cli.verify_source import opened, pair_of
from converters.cli.verify_work import given
from converters.options import VerifyOptions
from converters.run.model import Model, read_model
from converters.run.sides import Side, sides_of
from converters.verify.source import Feeds, ReferenceFailed, Source, Values
from tests.converters.cli.given import TINY, darknet_model
from tests.converters.run.nets import converted, picture


class Case:
    """A net of a cfg with its source, and a picture as its input."""

    def __init__(self, folder: Path) -> None:
        prototxt, caffemodel = converted(folder, TINY)
        heads = folder / "net.heads.json"
        facts = json.loads(heads.read_text())
        for head in facts["heads"]:
            head["nms"]["score_threshold"] = 0.2
        heads.write_text(json.dumps(facts))
        pair = pair_of(str(prototxt))
        found = opened(darknet_model(folder, TINY), pair, Asked(reference="embedded"))
        self.path = picture(folder / "x.png")
        self.model: Model | None = read_model(prototxt, caffemodel)
        self.source: Source = found.source
        (self.feeds,) = given(VerifyOptions(inputs=(str(self.path),)), found, pair)

    def sides(self, **changed: object) -> tuple[Side, ...]:
        (reference,) = self.source.references
        source = replace(self.source, references=(replace(reference, **changed),))
        return sides_of(self.path, self.model, source, self.feeds)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_both_sides_find_the_same(case: Case) -> None:
    source, caffe = case.sides()
    assert source.title.startswith("source, ")
    assert caffe.title.startswith("Caffe net, opencv")
    assert source.answer.objects
    assert caffe.answer.objects
    assert [one.category for one in source.answer.objects] == [one.category for one in caffe.answer.objects]


def test_a_source_that_cannot_run_says_so_and_the_net_answers(case: Case) -> None:
    def fails(feeds: Feeds) -> Iterator[tuple[str, None]]:
        raise ReferenceFailed("no Darknet here")
        yield

    source, caffe = case.sides(values=fails)
    assert source.title.endswith(": no Darknet here")
    assert source.answer.objects is None
    assert caffe.answer.objects


def test_a_source_without_the_blobs_of_the_heads_says_which(case: Case) -> None:
    def empty(feeds: Feeds) -> Values:
        return iter(())

    source, _ = case.sides(values=empty)
    assert ": it gives no conv_" in source.title


def test_without_a_description_the_picture_stands_alone(case: Case) -> None:
    case.model = None
    (alone,) = case.sides()
    assert (alone.title, alone.answer.size) == ("the input", (41, 53))
