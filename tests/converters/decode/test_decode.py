"""What is refused; the boxes have real Darknet for a judge in tests/end_to_end/test_picture_to_boxes.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.darknet import heads_json
from converters.decode.decode import check_decodable, detections
from converters.decode.facts import Facts, UnknownHeadFacts, facts_of
from tests.converters.darknet.judged import converted, net
from tests.converters.darknet.test_heads import YOLO


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return facts_of(heads_json(converted(tmp_path, net(YOLO))).encode(), tmp_path)


def test_the_blob_of_another_net_is_refused(facts: Facts) -> None:
    with pytest.raises(ConversionError, match="has 5 values, and head"):
        detections(facts, {str(facts.heads[0].blob): np.zeros(5)}, (10, 10))


def test_heads_that_nobody_can_decode_are_refused(facts: Facts) -> None:
    strange = UnknownHeadFacts(name="yolo_9", section="yolo")
    for other, told in (
        (replace(facts, heads=()), "has no detection head"),
        (replace(facts, unknown_heads=(strange,)), r"head of a fork: yolo_9 \(\[yolo\]\)"),
        (replace(facts, heads=(replace(facts.heads[0], blob=None),)), "names no blob for"),
    ):
        with pytest.raises(ConversionError, match=told):
            check_decodable(other)


@pytest.mark.parametrize("value", [-20, np.nan])
def test_nothing_is_found_where_nothing_is(facts: Facts, value: float) -> None:
    blobs = {str(blob): np.full(count, value, np.float32) for head in facts.heads for blob, count in head.reads}
    assert detections(facts, blobs, (10, 10)) == []
