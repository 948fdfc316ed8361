from __future__ import annotations

import os
import unicodedata

import pytest

from caffe_ir.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("conv_1", "conv_1"),
        ("Größe 'größer' \\x1b", "Größe 'größer' \\x1b"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff\u2028", "zero\\u200bwidth\\ufeff\\u2028"),
        ("a\xa0b", "a\\xa0b"),
        (os.fsdecode(b"\xff\xfe.cfg"), "\\xff\\xfe.cfg"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_not_printable_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


def test_nothing_of_unicode_that_controls_or_hides_is_left() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = {unicodedata.category(one) for one in visible(everything)}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert visible(everything).encode()


def test_what_is_kept() -> None:
    assert visible("a\n\x1bb\xa0", keep="\n\xa0") == "a\n\\x1bb\xa0"
