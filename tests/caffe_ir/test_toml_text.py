from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.toml import parsed
from caffe_ir.toml_text import key_text, quoted, value_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_subnormal=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(TEXTS, VALUES)
def test_the_parser_reads_what_was_written(key: str, value: object) -> None:
    line = f"{key_text(key)} = {value_text(value)}"  # type: ignore[arg-type]
    assert line.isascii()
    assert line.isprintable()
    assert parsed(line) == {key: value}
    assert parsed(f"k = {quoted(key)}") == {"k": key}
    assert quoted(key).isprintable()


@pytest.mark.parametrize(("text", "told"), [("é中", '"é中"'), ("a\x7f\u2028", '"a\\U0000007f\\U00002028"')])
def test_what_can_be_read_stays_as_it_is(text: str, told: str) -> None:
    assert quoted(text) == told


def test_a_name_that_is_no_utf8_is_spelled() -> None:
    assert parsed(f"k = {quoted(chr(0xDCFF))}") == {"k": "\\udcff"}
