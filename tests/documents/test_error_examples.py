"""Each error's page shows a message that the program prints: its files and its command are run, and it is compared."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caffe_ir.error_kinds.catalogue import FAMILIES, KINDS, kinds_of
from tests.documents.error_examples.case import CASES
from tests.documents.pages import ROOT

for _, family in FAMILIES:
    importlib.import_module(f"tests.documents.error_examples.{family.__name__.rpartition('.')[2]}")
WORDS_OF_OTHERS = {
    "TC0406": "torch",
    "TC0501": "torch",
    "TC0505": "torch",
    "TC1004": "msgspec",
    "TC1105": "distributed",
}
"""Messages that quote a package, which says it in other words in other versions."""
NEEDS = {"TC0709": "h5py", "TC1105": "distributed"}
CARETS = re.compile(r"^[ ~^]+\n", re.MULTILINE)
"""What Python from 3.11 on has below the lines of a traceback."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in ("nets", "plugin"):
        sys.modules.pop(name, None)


def is_pinned(package: str) -> bool:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    version = importlib.metadata.version(package).partition("+")[0]
    return re.search(rf"^{package}=={re.escape(version)}\b", pinned, re.MULTILINE) is not None


@pytest.mark.parametrize("code", sorted(KINDS))
def test_the_example_is_what_is_printed(code: str, folder: Path) -> None:
    if code in NEEDS:
        pytest.importorskip(NEEDS[code])
    printed = CARETS.sub("", CASES[code]().replace(str(folder), "/models"))
    if code in WORDS_OF_OTHERS and not is_pinned(WORDS_OF_OTHERS[code]):
        assert code in printed
        return
    assert f"{KINDS[code].mark(KINDS[code].example)}\n" in f"{printed}\n"


def test_every_kind_has_a_case_in_the_module_of_its_family() -> None:
    assert CASES.keys() == KINDS.keys()
    for _, family in FAMILIES:
        name = family.__name__.rpartition(".")[2]
        assert {CASES[kind.code].__module__.rpartition(".")[2] for kind in kinds_of(family)} == {name}
