from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from tests.converters.cli.given import contents, tool
from tests.converters.cli.given import converted as done
from tests.converters.run.nets import CLASSIFIER, converted, picture


def test_the_python_file_gives_the_boxes_of_convert_run(tmp_path: Path) -> None:
    from converters.run.model import read_model
    from converters.run.session import session
    from converters.verify.engines import ENGINES

    model = read_model(*converted(tmp_path))
    printed = done("decoder", tmp_path / "net").stdout
    assert "net.decoder.py (" in printed
    assert "net.decoder.c (" in printed
    path = picture(tmp_path / "x.png")
    found = json.loads(done("run", tmp_path / "net", path, "--json", "--threshold", "0.2").stdout)["objects"]
    from converters.pictures.preparation import prepared
    from converters.pictures.reading import read_picture

    assert not ENGINES["opencv"].missing()
    feeds = {"data": prepared(read_picture(path, 3), model.shape, model.description.preparation())}
    blobs = session("opencv", model.files, model.wanted)(feeds)
    boxes = runpy.run_path(str(tmp_path / "net.decoder.py"))["decode"](blobs, 41, 53, 0.2)
    np.testing.assert_allclose([one[1] for one in boxes], [one["score"] for one in found], rtol=1e-6)
    assert [one[0] for one in boxes] == [one["class"] for one in found]


@pytest.mark.parametrize("name", ["net", "net.heads.json", "net.prototxt", "net.caffemodel"])
def test_the_net_may_be_named_by_any_of_its_files(name: str, tmp_path: Path) -> None:
    converted(tmp_path)
    done("decoder", tmp_path / name, "-o", tmp_path / "boxes", "-q")
    done("decoder", tmp_path / name, "-o", tmp_path / "boxes", "-q")
    assert (tmp_path / "boxes.decoder.c").exists()


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    converted(tmp_path, CLASSIFIER)
    before = contents(tmp_path)
    result = tool("decoder", tmp_path / "net")
    assert result.exit_code == 1
    assert "the net has no detection head" in result.stderr
    assert tool("decoder", tmp_path / "other").exit_code == 2
    assert contents(tmp_path) == before


def test_a_file_of_the_users_own_is_not_replaced(tmp_path: Path) -> None:
    converted(tmp_path)
    (tmp_path / "net.decoder.c").write_text("int mine;")
    result = tool("decoder", tmp_path / "net")
    assert result.exit_code == 1
    assert "already exists" in result.stderr
    assert not (tmp_path / "net.decoder.py").exists()
