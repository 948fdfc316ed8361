from __future__ import annotations

from pathlib import Path
from unittest import mock

from caffe_ir.error_kinds import batch as kinds
from converters.batch import journal
from tests.documents.error_examples.case import CONV, NET, convert, darknet, raises

TABLE = '[yolov3]\ncfg = "yolov3.cfg"\nweights = "yolov3.weights"\noutput = "caffe/yolov3"\n'


def manifest(text: str) -> None:
    darknet(NET + CONV, name="yolov3")
    Path("models.toml").write_text(text)


@raises(kinds.NO_MANIFEST)
def _() -> str:
    manifest(TABLE.replace('"yolov3.cfg"', "yolov3.cfg"))
    return convert("batch models.toml")


@raises(kinds.MANIFEST_KEY)
def _() -> str:
    manifest(TABLE.replace("weights =", "wieghts ="))
    return convert("batch models.toml")


@raises(kinds.NO_MODEL)
def _() -> str:
    Path("models").mkdir()
    return convert("batch models")


@raises(kinds.ANOTHER_BATCH)
def _() -> str:
    manifest(TABLE)
    at_once = mock.patch.object(journal.opened.__wrapped__, "__kwdefaults__", {"patience": 0.0})  # type: ignore[attr-defined]
    with journal.opened(Path("models.state.jsonl")), at_once:
        return convert("batch models.toml")


@raises(kinds.NO_SCHEDULER)
def _() -> str:
    manifest(TABLE)
    with mock.patch("converters.batch.cluster._PATIENCE", 0.2):
        return convert("batch models.toml --scheduler tcp://127.0.0.1:1").replace("0.2 s", "10 s")


@raises(kinds.STOPPED)
def _() -> str:
    manifest(TABLE)
    return convert("batch models.toml --timeout 0.01")
