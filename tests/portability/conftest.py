"""An engine by its name, for tests that run in those that are installed."""

from __future__ import annotations

import pytest

from tests.portability.engines import FOLDER, Engine, installed


@pytest.fixture
def engine(name: str) -> Engine:
    """The one that a test is parametrized with as `name`."""
    (found,) = (one for one in installed(FOLDER) if one.name == name)
    if missing := found.missing():
        pytest.skip(f"{name} is absent ({missing}): scripts/install_engines {FOLDER}")
    return found
