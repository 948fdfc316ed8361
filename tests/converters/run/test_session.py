from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.run.ahead import ahead
from converters.run.model import read_model
from converters.run.session import first_engine, session, sessions
from converters.verify.engine import CaffeFiles, Forward
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
    name = model.files.prototxt.parent / "n\udcff.prototxt"
    with pytest.raises(ConversionError, match="OpenCV opens no file whose name is not UTF-8"):
        session("opencv", replace(model.files, prototxt=name), model.wanted)
    model.files.caffemodel.write_bytes(b"")
    with pytest.raises(ConversionError, match=r"OpenCV cannot run[\s\S]*-> or take --engine embedded"):
        session("opencv", model.files, model.wanted)({"data": np.zeros(model.shape, np.float32)})
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    engine, why = first_engine()
    assert engine == "embedded"
    assert "OpenCV" in why


def test_only_opencv_has_two_nets_open_and_only_small_ones_for_several_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read_model(*converted(tmp_path))
    of = partial(sessions, files=model.files, wanted=model.wanted)
    assert [len(of("opencv", pictures=count)) for count in (1, 3, 4, 100)] == [1, 1, 2, 2]
    assert len(of("embedded", pictures=100)) == 1
    monkeypatch.setattr("converters.run.session._SMALL", 16)
    assert len(of("opencv", pictures=100)) == 1


def test_any_engine_may_stay_open_and_say_how_many_of_it_work_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read_model(*converted(tmp_path))
    opened = []

    def of_zeros(files: CaffeFiles) -> Forward:
        opened.append(files)
        return lambda wanted, feeds: [np.zeros(1) for _ in wanted]

    monkeypatch.setitem(ENGINES, "embedded", replace(ENGINES["embedded"], opened=of_zeros, at_once=3))
    several = sessions("embedded", model.files, model.wanted, pictures=9)
    assert opened == [model.files] * 3
    for run in several:
        assert [blob.tolist() for blob in run({}).values()] == [[0.0]] * len(model.wanted)


def test_two_nets_at_work_at_once_give_the_bits_of_one(tmp_path: Path) -> None:
    model = read_model(*converted(tmp_path))
    several = sessions("opencv", model.files, model.wanted, pictures=24)
    inputs = [np.random.default_rng(seed).random(model.shape, np.float32) for seed in range(24)]
    with ahead(inputs, *(lambda x, run=run: run({"data": x}) for run in several)) as coming:
        found = [one.result() for one in coming]
    for x, blobs in zip(inputs, found, strict=True):
        for name, blob in several[0]({"data": x}).items():
            np.testing.assert_array_equal(blobs[name], blob)
