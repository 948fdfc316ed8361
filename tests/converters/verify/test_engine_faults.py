from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from converters.verify import EMBEDDED, Engine
from tests.converters.verify.planting import converted, engine, verified


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    return converted(tmp_path_factory.mktemp("net"))


def test_an_engines_first_wrong_layer_is_run_alone(tmp_path, net) -> None:
    wrong = engine(lambda name, array: array + 1 if name == "maxpool_6" else array)
    found = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, wrong])
    (fault,) = found.trials[-1].faults
    assert fault.layer == "maxpool_6"
    assert "run alone on the right input it is off by" in fault.text


def test_an_engine_that_is_right_alone_has_only_grown_wrong(tmp_path, net) -> None:
    def blobs(files, wanted, feeds) -> Iterator[np.ndarray]:
        whole = len(files.net.nodes) > 20
        for name, array in zip(wanted, EMBEDDED.blobs(files, wanted, feeds), strict=True):
            yield np.array(array) + (1 if whole and name == "maxpool_6" else 0)

    other = Engine(name="other", missing=lambda: "", title=lambda: "", blobs=blobs)
    (fault,) = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, other]).trials[-1].faults
    assert fault.layer == "maxpool_6"
    assert "on its own: rounding that has grown" in fault.text


def test_not_a_number_in_an_engine_is_a_difference(tmp_path, net) -> None:
    wrong = engine(lambda name, array: array * np.float32(np.nan) if name == "maxpool_6" else array)
    found = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, wrong], asked=["other"])
    assert found.verdict == "differs"
    assert "no number (NaN or infinity)" in found.trials[-1].faults[0].text
