from __future__ import annotations

import numpy as np
import pytest

from converters.verify.child import blobs_of_child
from converters.verify.engine import EngineFailed
from tests.converters.verify.engine_nets import INPUT, files_of, ordinary

ECHO = """
import json, pathlib, sys
import numpy as np
job = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(job["folder"])
np.save(folder / "0.npy", np.load(job["inputs"]["data"]))
(folder / "done").touch()
"""


def program(folder, text):
    path = folder / "program.py"
    path.write_text(text)
    return path


def test_arrays_go_there_and_back_and_what_is_not_made_is_none(tmp_path) -> None:
    files = files_of(tmp_path, ordinary())
    first, second = blobs_of_child(program(tmp_path, ECHO), "it", files, ["relu", "pool"], {"data": INPUT})
    assert np.array_equal(np.array(first), INPUT)
    assert second is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise ValueError('bad net')", "it cannot run .*: ValueError: bad net"),
        ("import os; os.abort()", r"it cannot run .*: it said nothing \(signal 6\)"),
        ("print('all fine')", "it cannot run .*: all fine"),
    ],
)
def test_a_child_that_leaves_nothing_has_failed(tmp_path, text, told) -> None:
    with pytest.raises(EngineFailed, match=told):
        list(blobs_of_child(program(tmp_path, text), "it", files_of(tmp_path, ordinary()), ["relu"], {"data": INPUT}))
