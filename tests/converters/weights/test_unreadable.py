from __future__ import annotations

from pathlib import Path

from converters.weights.unreadable import AGAIN, Unreadable


def test_the_sentence_begins_with_the_name_of_the_file() -> None:
    error = Unreadable("is cut short", "8 bytes follow")
    assert str(error.of(Path("w.pth"))) == f"w.pth is cut short (8 bytes follow)\n    -> {AGAIN}"
