from __future__ import annotations

from converters.options import OutputOptions, declared
from converters.options.output import TOOLS
from converters.side_files import TOOLS as KNOWN


def test_what_belongs_to_a_terminal_is_in_no_manifest() -> None:
    found = {one.name for one in declared(OutputOptions) if one.option.in_manifest}
    assert found == {"hdf5", "side_files", "durable", "verify"}


def test_the_tools_are_those_that_there_are() -> None:
    assert tuple(KNOWN) == TOOLS
