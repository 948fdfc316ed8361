from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind


def test_a_message_has_its_code_before_it() -> None:
    kind = Kind(code="TC9999", title="t", why="w", remedy="r", example="e")
    assert kind.mark("net.cfg:3: a\n    -> b") == "TC9999 net.cfg:3: a\n    -> b"
