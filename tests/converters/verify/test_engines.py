from __future__ import annotations

from converters.options.verify import ENGINES as NAMES
from converters.verify import ENGINES


def test_the_command_line_knows_all_engines() -> None:
    assert tuple(ENGINES) == NAMES
