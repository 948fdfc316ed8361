"""Every file that is written beside a net is what its JSON Schema in docs/schemas says; the judge is jsonschema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert, files_beside
from converters.decode.facts import SegmentationFacts, facts_text
from converters.pictures.described import described
from converters.pictures.description import description_text
from tests.converters.darknet.judged import converted, net
from tests.converters.decode.test_standalone import ANCHORS, NETS, TREE
from tests.converters.decode.torch_heads import HEADS, torch_facts
from tests.oracles.darknet import needs_darknet, static_cfgs
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink

jsonschema = pytest.importorskip("jsonschema")
referencing = pytest.importorskip("referencing")

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
OTHERS = {
    "classifier": "[convolutional];filters=5;[avgpool];[softmax]",
    "head of a fork": f"[convolutional];filters=32;size=1;[yolo];mask=1,3;num=4;classes=1;{ANCHORS}",
    "neither": "[maxpool]",
    "letterbox": "letter_box=1;[maxpool]",
}


def validator(name: str) -> Any:
    texts = {path.name: json.loads(path.read_text()) for path in SCHEMAS.iterdir()}
    resources = [(key, referencing.Resource.from_contents(text)) for key, text in texts.items()]
    kind = jsonschema.Draft202012Validator
    kind.check_schema(texts[name])
    return kind(texts[name], registry=referencing.Registry().with_resources(resources))


def wrong(ending: str, text: str) -> list[str]:
    """What the schema has against a file."""
    name = ending.removeprefix(".").replace(".json", ".schema.json")
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(json.loads(text))]


@pytest.mark.parametrize("head", ["raw", "activated"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", [*NETS, *OTHERS])
def test_a_darknet_nets_files_are_valid(name: str, channels: int, head: str, tmp_path: Path) -> None:
    (tmp_path / "some.tree").write_text(TREE)
    if (name, head) == ("head of a fork", "activated"):
        head = "raw"  # what such a head computes is not known
    sections, header = NETS.get(name) or (OTHERS[name], (0, 2, 5))
    model = converted(tmp_path, net(sections, channels=channels), header=header)
    made = lower(model.net, CAFFE, Options(head=head, input_is="u8-bgr" if channels == 3 else "prepared"))  # type: ignore[arg-type]
    for ending, text in files_beside(model, made).items():
        assert wrong(ending, text) == []


@needs_darknet
@pytest.mark.slow
def test_so_are_those_of_debians_nets(tmp_path: Path) -> None:
    for cfg in static_cfgs():
        small, weights = tmp_path / cfg.name, tmp_path / "x.weights"
        small.write_text(shrink(cfg.read_text()))
        try:
            write_weights(small, weights, seed=0)
            model = convert(small, weights)
        except FileNotFoundError:
            continue
        for ending, text in files_beside(model).items():
            assert wrong(ending, text) == [], cfg


@pytest.mark.parametrize(
    "options",
    [
        {"mean": "0.5,0.4,0.3", "std": "0.2,0.2,0.3", "resize": "40", "crop": "24x32"},
        {"scale": "1", "mean": "104,117,123", "bgr": True},
        {"resize": "24x32"},
        {"resize": "letterbox"},
    ],
)
def test_so_are_those_of_pytorch(options: dict[str, Any]) -> None:
    assert wrong(".input.json", description_text(described((24, 32), 3, **options))) == []


@pytest.mark.parametrize("name", HEADS)
def test_so_are_those_of_its_detectors(name: str) -> None:
    assert wrong(".heads.json", facts_text(torch_facts(name))) == []


def test_so_is_that_of_a_segmentation() -> None:
    facts = replace(torch_facts("boxes"), heads=(), segmentation=SegmentationFacts(blob="m", classes=1, threshold=0.5))
    assert wrong(".heads.json", facts_text(facts)) == []


def test_a_wrong_file_is_not_valid(tmp_path: Path) -> None:
    facts = files_beside(converted(tmp_path, net(NETS["yolo"][0], channels=3)))
    heads = json.loads(facts[".heads.json"])
    none = {**heads["heads"][0], "num": 0}
    changes: list[dict[str, Any]] = [{"dialect": "other"}, {"more": 1}, {"input": {}}, {"heads": [none]}]
    for change in changes:
        assert wrong(".heads.json", json.dumps({**heads, **change}))
