"""Every kind is complete and raised somewhere, and every error of the program names its kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from caffe_ir.error_kinds.catalogue import FAMILIES, KINDS, RETIRED, kinds_of
from caffe_ir.error_kinds.kind import Kind

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for room in ("caffe_ir", "converters")
    for path in (ROOT / room).rglob("*.py")
}
WITHOUT_KIND = {
    "caffe_ir/errors.py": "where Problem is declared",
    "converters/cli/failure.py": "a note, which is printed like a problem",
}


def test_codes_are_unique_and_in_the_order_of_their_families() -> None:
    codes = [kind.code for _, family in FAMILIES for kind in kinds_of(family)]
    assert len(codes) == len(set(codes)) == len(KINDS) > 80
    assert codes == sorted(codes)
    assert not set(codes) & set(RETIRED)
    for number, (_, family) in enumerate(FAMILIES):
        assert {kind.code[:4] for kind in kinds_of(family)} == {f"TC{number:02}"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_says_what_happened_why_and_what_to_do(kind: Kind) -> None:
    assert re.fullmatch(r"TC\d{4}", kind.code)
    assert not kind.title.endswith(".")
    for text in (kind.why, kind.remedy):
        assert text.endswith((".", ")", ":", "`"))
        assert text.count("`") % 2 == 0
    assert not kind.example.startswith("TC")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_raised(kind: Kind) -> None:
    (name,) = (name for _, family in FAMILIES for name, one in vars(family).items() if one is kind)
    (room,) = (family.__name__ for _, family in FAMILIES if kind in kinds_of(family))
    named = re.compile(rf"\b{name}\b")
    imported = re.compile(
        rf"from {re.escape(room)} import [^\n]*\b{name}\b|from {re.escape(room)} import \([^)]*\b{name}\b"
    )
    raised = [
        path
        for path, text in SOURCES.items()
        if "error_kinds" not in path.parts
        and ((imported.search(text) and len(named.findall(text)) > 1) or f"general.{name}" in text)
    ]
    assert raised


def _problems(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "Problem" or called.endswith("problems.add"):
                yield node


def test_every_error_names_its_kind() -> None:
    nameless = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, text in SOURCES.items()
        if str(path.relative_to(ROOT)) not in WITHOUT_KIND
        for call in _problems(ast.parse(text))
        if not any(keyword.arg in ("kind", None) for keyword in call.keywords)
    ]
    assert nameless == []


def test_every_kind_has_its_page() -> None:
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs/reference/errors").glob("TC*.md")}
    assert pages.keys() == KINDS.keys()
    for code, kind in KINDS.items():
        assert pages[code].startswith(f"# {code}: {kind.title}\n")
        assert kind.why in pages[code]
        assert kind.remedy in pages[code]
