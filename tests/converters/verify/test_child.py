from __future__ import annotations

import gc
import tempfile

import numpy as np
import pytest

from converters.verify.child import blobs_of_child, opened_in_child
from converters.verify.engine import EngineFailed
from tests.converters.verify.engine_nets import INPUT, files_of, ordinary

ECHO = """
import json, pathlib, sys
import numpy as np
for line in sys.stdin:
    job = json.loads(line)
    folder = pathlib.Path(job["folder"])
    np.save(folder / "0.npy", np.load(job["inputs"]["data"]))
    (folder / "done").touch()
    sys.stdout.write("said without an end\\n" + job["next"] + "\\n")
    sys.stdout.flush()
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


COUNTING = ECHO.replace("for line", "count = 0\nfor line").replace(
    'np.load(job["inputs"]["data"])', 'np.load(job["inputs"]["data"]) + count'
).replace('(folder / "done")', 'count += 1\n    if count == 3: sys.exit("enough")\n    (folder / "done")')  # fmt: skip


def test_one_that_stays_open_is_one_program_until_it_fails(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "held"))
    (tmp_path / "held").mkdir()
    forward = opened_in_child(program(tmp_path, COUNTING), "it", files_of(tmp_path, ordinary()))
    for count in (0, 1):
        (found,) = forward(["relu"], {"data": INPUT})
        np.testing.assert_array_equal(np.array(found), INPUT + np.float32(count))
    with pytest.raises(EngineFailed, match=r"it cannot run .*: enough"):
        forward(["relu"], {"data": INPUT})
    (found,) = forward(["relu"], {"data": INPUT})
    np.testing.assert_array_equal(np.array(found), INPUT)
    assert list((tmp_path / "held").iterdir())
    del forward
    gc.collect()
    assert not list((tmp_path / "held").iterdir())
