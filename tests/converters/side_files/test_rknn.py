"""The program is run with a toolkit that writes down what it is asked for."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.side_files.rknn import rknn
from tests.converters.side_files.subjects import KINDS, ordered, picture, subject, wanted


def asked(text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    calls: dict[str, dict[str, Any]] = {}

    class RKNN:
        def __getattr__(self, name: str) -> Any:
            def call(*words: Any, **options: Any) -> int:
                calls[name] = {**options, "words": words}
                return 0

            return call

    package, api = ModuleType("rknn"), ModuleType("rknn.api")
    api.RKNN = RKNN  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rknn", package)
    monkeypatch.setitem(sys.modules, "rknn.api", api)
    exec(compile(text, "deploy.rknn.py", "exec"), {})
    return calls


@pytest.mark.parametrize("target", ["rknn2", "rknn1"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_formula_with_these_numbers(kind: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of = subject(kind, target=target)
    calls, image = asked(rknn(of)[".rknn.py"], monkeypatch), picture(of)
    config = calls["config"]
    ((mean,), (std,)) = config["mean_values"], config["std_values"]
    if target == "rknn1":
        assert config["reorder_channel"] == ("2 1 0" if of.is_bgr else "0 1 2")
        assert calls["load_caffe"]["proto"] == "caffe"
    else:
        assert config["quant_img_RGB2BGR"] is of.is_bgr
    found = (ordered(of, image) - np.reshape(mean, (-1, 1, 1))) / np.reshape(std, (-1, 1, 1))
    np.testing.assert_allclose(found, wanted(of, image), atol=2e-6 * 255 * max(of.scale))


def test_any_name_is_spelled_rightly(monkeypatch: pytest.MonkeyPatch) -> None:
    name = 'a"""b\\\n\'c'
    calls = asked(rknn(subject(name=name))[".rknn.py"], monkeypatch)
    assert calls["load_caffe"]["model"] == f"{name}.prototxt"
    assert calls["export_rknn"]["words"] == (f"{name}.rknn",)


def test_a_scale_of_0_is_refused() -> None:
    with pytest.raises(ConversionError, match="--side-files rknn: a scale of 0"):
        rknn(subject(scale=0))
