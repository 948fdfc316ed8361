from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.run.model import read_model
from converters.run.session import first_engine, session
from converters.verify.engines import ENGINES
from tests.converters.run.nets import converted


@pytest.mark.parametrize("engine", ["opencv", "embedded", "mnn"])
def test_an_open_net_gives_the_same_as_one_opened_anew(engine: str, tmp_path: Path) -> None:
    if missing := ENGINES[engine].missing():
        pytest.skip(missing)
    model = read_model(*converted(tmp_path))
    run = session(engine, model.files, model.wanted)
    for seed in (0, 1):
        feeds = {"data": np.random.default_rng(seed).random(model.shape, np.float32)}
        (again,) = ENGINES["embedded"].blobs(model.files, model.wanted, feeds)
        assert again is not None
        np.testing.assert_allclose(run(feeds)[model.wanted[0]], again, atol=1e-4)


def test_what_an_engine_cannot_do_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = read_model(*converted(tmp_path))
    with pytest.raises(ConversionError, match="pycaffe cannot be imported"):
        session("pycaffe", model.files, model.wanted)
    model.files.caffemodel.write_bytes(b"")
    with pytest.raises(ConversionError, match="OpenCV cannot run"):
        session("opencv", model.files, model.wanted)({"data": np.zeros(model.shape, np.float32)})
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    assert first_engine() == "embedded"
