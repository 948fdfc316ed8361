from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

import pytest

from caffe_ir.extras import EXTRAS, NotInstalledError, install, require

ROOT = Path(__file__).resolve().parents[2]
PIP_NAMES = {"cv2": "opencv-python-headless"}


def test_every_package_is_in_the_extra_that_is_named() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    for package, extra in EXTRAS.items():
        assert re.search(rf"^{PIP_NAMES.get(package, package)}\b", extras[extra], re.MULTILINE), package


def test_no_hint_names_a_package_index_that_does_not_have_us() -> None:
    """`pip install tocaffe` would install somebody else's package, or nothing."""
    sources = [path for folder in ("caffe_ir", "converters") for path in (ROOT / folder).rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in (*sources, *ROOT.glob("*.md"))}
    assert [str(path) for path, text in texts.items() if re.search(r"pip install\s+\S*tocaffe", text)] == []
    assert install("torch").endswith("pip install '.[pytorch]'")


def test_a_missing_package_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    require("nothing", "json", "msgspec")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(NotInstalledError) as caught:
        require("a PyTorch model", "torch")
    told = "a PyTorch model needs PyTorch, which is not installed\n    -> " + install("torch")
    assert str(caught.value) == told
