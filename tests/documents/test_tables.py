"""The tables of the documents are those of the program as it is."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys

import pytest

from tests.caffe_ir.targets.hand_made import cases_of
from tests.documents.pages import DOCS, ROOT


@pytest.mark.skipif(
    not re.search(
        rf"^torch=={re.escape(importlib.metadata.version('torch').partition('+')[0])}\b",
        (ROOT / "constraints.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    ),
    reason="another torch than the pinned one names the arguments of its operations otherwise",
)
def test_no_table_is_stale() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/documents", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tables_have_what_they_are_for() -> None:
    """Read in the pages, not in the program: a generator that finds nothing would write empty columns."""
    operations = (DOCS / "supported/pytorch.md").read_text(encoding="utf-8")
    assert "| `leaky_relu` | `self`, `negative_slope` |  | `ReLU` |" in operations
    assert "| `elu` | `self`, `alpha` | `scale`, `input_scale` | `ELU` |" in operations
    sections = (DOCS / "supported/darknet.md").read_text(encoding="utf-8")
    assert "| `[upsample]` | `scale` (1), `stride` (2) |" in sections
    commands = (DOCS / "reference/commands.md").read_text(encoding="utf-8")
    assert "`--fold-bn`" in commands
    assert "| 70 |" in commands.replace("`", "")


READERS = {
    "BVLC Caffe": "caffe",
    "OpenCV": "opencv",
    "MNN": "mnn",
    "ncnn": "ncnn",
    "caffe2onnx": "caffe2onnx",
    "X2Paddle": "x2paddle",
    "OpenVINO": "openvino",
    "RKNN-Toolkit2": "rknn2",
}


def test_the_counts_of_hand_made_nets_are_those_of_the_cases() -> None:
    text = (ROOT / "docs/explanation/proof.md").read_text(encoding="utf-8")
    table = text.partition("| engine | nets | alike | missed |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.strip("| ").split("|")] for row in table.splitlines()[2:]]
    counts = {reader: cells for cells in rows for title, reader in READERS.items() if cells[0].startswith(f"{title} ")}
    assert counts.keys() == set(READERS.values())
    assert {reader: (int(nets), int(missed)) for reader, (_, nets, _, missed) in counts.items()} == {
        reader: (len(cases_of(reader)), 0) for reader in READERS.values()
    }
    assert f"- {len(cases_of('caffe'))} hand-made nets: it computes" in text
