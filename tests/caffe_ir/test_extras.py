from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

import pytest

from caffe_ir.extras import EXTRAS, NotInstalledError, fault_of, install, load, require

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


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (
            "raise ImportError('libGL.so.1: cannot open shared object file')",
            "libGL.so.1: cannot open shared object file",
        ),
        ("raise OSError('[WinError 126] the module was not found')", "[WinError 126] the module was not found"),
        ("import a_package_that_it_needs", "No module named 'a_package_that_it_needs'"),
        ("raise ImportError", "ImportError"),
    ],
    ids=str,
)
def test_a_package_that_is_broken_says_what_its_import_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, told: str
) -> None:
    (tmp_path / "cv2.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    require("a picture", "cv2")
    with pytest.raises(NotInstalledError) as caught:
        load("a picture", "json", "cv2")
    assert str(caught.value) == (
        f"a picture needs OpenCV, which is installed and cannot be loaded: {told}\n"
        "    -> python -c 'import cv2' must work first: install what it names, or OpenCV anew"
    )


def test_a_package_that_works_has_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault_of("json") is None
    monkeypatch.setitem(sys.modules, "h5py", None)
    fault = fault_of("h5py")
    assert fault is not None
    assert (fault.what, fault.hint) == ("is not installed", install("h5py"))
