from __future__ import annotations

import pytest

from caffe_ir.toml import parsed


def test_tables_are_as_the_parser_has_them() -> None:
    assert parsed("a = [1, -9223372036854775808]\n[b]\nc = 9223372036854775807\n") == {
        "a": [1, -(2**63)],
        "b": {"c": 2**63 - 1},
    }
    assert parsed(f"a = {'[' * 99}{']' * 99}")["a"]
    assert parsed(f"a = '{'../' * 200}'")["a"] == "../" * 200
    assert parsed(".".join("a" * 100) + " = 1")["a"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = ", "at end of document"),
        (f"a = {'9' * 5000}", "does not fit into 64 bits"),
        (f"a = 0x{'f' * 5000}", "does not fit into 64 bits"),
        ("a = [{b = 9223372036854775808}]", "does not fit into 64 bits"),
        ("a = -9223372036854775809", "does not fit into 64 bits"),
        ("a = " + "[" * 100_000, "more than 100 arrays or tables are nested"),
        ("a = " + "[" * 101 + "]" * 101, "more than 100 arrays or tables are nested"),
        (".".join("a" * 1_000_000) + " = 1", "more than 100 arrays or tables are nested"),
        ("[" + " . ".join(["'a.b'", '"c"', "d-1"] * 10_000) + "]", "more than 100 arrays or tables are nested"),
        ("a = 2024-02-30", "Invalid date"),
    ],
)
def test_what_is_no_toml_is_a_value_error(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parsed(text)
