from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import run
from tests.fuzz.registry import MODULES, counts, load

INPUTS = 60


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODULES)
def test_every_input_is_read_or_refused(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A short part of what scripts/fuzz does; at least some of each format get past the reader."""
    one = load(name)
    run.warmed(one, tmp_path)
    *_, (_, tally) = run.run(one, 0, range(INPUTS), tmp_path)
    assert [failure.text for failure in tally.failures] == []
    assert tally.outcomes.get("accepted", 0) > INPUTS // 10
    assert sum(tally.outcomes.values()) == INPUTS


@pytest.mark.parametrize("name", ["cfg", "pth", "manifest", "hdf5"])
def test_an_input_is_the_same_whenever_it_is_made(name: str) -> None:
    one = load(name)
    made = [one.make(run.generator(3, name, number)) for number in range(20)]
    assert [one.make(run.generator(3, name, number)) for number in range(20)] == made
    assert len({repr(files) for files in made}) > 5
    assert one.make(run.generator(4, name, 0)) != made[0]


def test_every_format_gets_its_share() -> None:
    shared = counts(1_000_000, tuple(MODULES))
    assert sum(shared.values()) == pytest.approx(1_000_000, abs=len(shared))
    assert min(shared.values()) >= 10_000
    assert counts(10, ["cfg"]) == {"cfg": 10}
    assert set(counts(3, tuple(MODULES)).values()) == {1}
