from __future__ import annotations

from converters.options import OutputOptions, declared


def test_what_belongs_to_a_terminal_is_in_no_manifest() -> None:
    assert {one.name for one in declared(OutputOptions) if one.option.in_manifest} == {"hdf5", "durable", "verify"}
