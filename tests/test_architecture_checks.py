"""The checks of test_architecture.py can fail: sources that break each rule are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_architecture import (
    MOST_LINES,
    badly_named,
    broken_packages,
    broken_rules,
    cycle,
    sources,
    too_long,
    unpacked,
    untested,
    unused_rules,
)


def tree(root: Path, files: dict[str, str]) -> dict[str, Path]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return sources(root)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param("caffe_ir/errors.py", "from caffe_ir import net", id="errors imports net"),
        pytest.param("caffe_ir/net.py", "from caffe_ir.layers import LAYERS", id="net knows a concrete layer"),
        pytest.param("caffe_ir/net.py", "from .layers import LAYERS", id="by a relative import"),
        pytest.param("caffe_ir/net.py", "def f():\n    import caffe_ir.layers", id="inside a function"),
        pytest.param(
            "caffe_ir/net.py", "from importlib import import_module\nimport_module('caffe_ir.layers')", id="late"
        ),
        pytest.param(
            "caffe_ir/net.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from caffe_ir.layers import LAYERS",
            id="for type checkers alone",
        ),
        pytest.param("caffe_ir/passes/fold.py", "from caffe_ir.passes.pad import pad", id="a pass imports a pass"),
        pytest.param("caffe_ir/passes/fold.py", "import caffe_ir.passes.pipeline", id="a pass imports the pipeline"),
        pytest.param("caffe_ir/targets/caffe.py", "from caffe_ir.passes import fold", id="a target imports a pass"),
        pytest.param("caffe_ir/files/writer.py", "import caffe_ir.passes.base", id="the writer imports a pass"),
        pytest.param("converters/darknet/cfg.py", "from caffe_ir.targets import CAFFE", id="a frontend knows a target"),
        pytest.param(
            "converters/darknet/cfg.py", "import converters.pytorch.capture.capture", id="a frontend imports another"
        ),
        pytest.param("converters/batch.py", "from converters.cli import main", id="somebody imports the cli"),
        pytest.param("caffe_ir/surprise.py", "", id="a module without a rule"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, file: str, text: str) -> None:
    others = {"caffe_ir/__init__.py": "", "caffe_ir/layers/__init__.py": "", "converters/cli/main.py": ""}
    assert len(broken_rules(tree(tmp_path, {**others, "caffe_ir/net.py": "", file: text}))) == 1


def test_allowed_imports_are_not_found(tmp_path: Path) -> None:
    files = {
        "caffe_ir/__init__.py": "",
        "caffe_ir/errors.py": "import re",
        "caffe_ir/net.py": "from caffe_ir import errors",
        "caffe_ir/passes/base.py": "import caffe_ir.net",
        "caffe_ir/passes/fold.py": "from caffe_ir.passes.base import Pass",
        "caffe_ir/passes/pipeline.py": "from caffe_ir.passes import fold",
        "caffe_ir/files/writer.py": "from caffe_ir.proto import caffe_pb2",
        "converters/darknet/sections/pool.py": "from caffe_ir.net import Net\nfrom converters.darknet import cfg",
        "converters/darknet/cfg.py": "from caffe_ir.errors import Origin",
        "converters/cli/main.py": "from caffe_ir.passes.pipeline import lower",
    }
    modules = tree(tmp_path, files)
    assert broken_rules(modules) == []
    assert cycle(modules) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("caffe_ir/net.py", "import torch"),
        ("converters/darknet/cfg.py", "def f():\n    from cv2 import dnn"),
        ("caffe_ir/passes/fold.py", "from google.protobuf import text_format"),
        ("converters/cli/main.py", "import requests"),
    ],
)
def test_a_forbidden_package_is_found(tmp_path: Path, file: str, text: str) -> None:
    assert len(broken_packages(tree(tmp_path, {file: text}))) == 1


def test_a_circle_is_found(tmp_path: Path) -> None:
    files = {"caffe_ir/blob.py": "import caffe_ir.net", "caffe_ir/net.py": "def f():\n    from caffe_ir import blob"}
    assert set(cycle(tree(tmp_path, files))) == {"caffe_ir.blob", "caffe_ir.net"}


def test_a_rule_without_a_module_is_found(tmp_path: Path) -> None:
    assert "caffe_ir.files.writer" in unused_rules(tree(tmp_path, {"caffe_ir/net.py": ""}))
    assert "caffe_ir.net" not in unused_rules(tree(tmp_path, {"caffe_ir/net.py": ""}))


def test_bad_names_long_files_and_missing_tests_are_found(tmp_path: Path) -> None:
    long = "x = 1\n" * (MOST_LINES + 1)
    modules = tree(tmp_path, {"caffe_ir/utils/a.py": "", "caffe_ir/net.py": long, "tests/caffe_ir/utils/test_a.py": ""})
    assert badly_named(modules) == ["caffe_ir.utils.a"]
    assert unpacked(modules) == [str(tmp_path / "caffe_ir"), str(tmp_path / "caffe_ir/utils")]
    assert too_long(modules) == ["caffe_ir.net: 401 lines"]
    assert untested(modules, tmp_path) == ["tests/caffe_ir/test_net.py"]
