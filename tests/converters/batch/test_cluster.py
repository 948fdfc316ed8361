"""The same jobs on a Dask cluster of two workers, which each test starts on loopback."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caffe_ir.errors import ConversionError
from converters.batch import journal
from converters.batch.job import Result
from converters.batch.run import run
from tests.converters.batch.jobs import WORKER, odd_job

distributed = pytest.importorskip("distributed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as made:
            yield made.scheduler_address


def batch(address: str, folder: Path, *ways: str, timeout: float | None = None) -> list[Result]:
    from converters.batch.cluster import cluster

    jobs = [odd_job(folder, way, name=str(number)) for number, way in enumerate(ways)]
    with journal.opened(folder / "state") as kept, cluster(address, WORKER, timeout=timeout) as pool:
        return run(jobs, pool, kept, force=False, seen=lambda result: None)


def test_jobs_are_done_there_and_the_bad_ones_fail_alone(address: str, tmp_path: Path) -> None:
    ways = ("nap", "killed", "nap", "raise", "memory", "sleep", "nap", "pid")
    results = batch(address, tmp_path, *ways, timeout=15)  # the others may wait for a processor so long
    assert [result.state for result in results] == [
        "failed" if way in ("killed", "raise", "memory", "sleep") else "converted" for way in ways
    ]
    assert "SIGKILL" in results[1].problems[0]
    assert "--timeout" in results[5].problems[0]
    assert (tmp_path / "out/0.caffemodel").read_text() == "weights of 0"


def test_a_second_run_finds_all_done(address: str, tmp_path: Path) -> None:
    batch(address, tmp_path, "nap", "nap")
    assert [result.state for result in batch(address, tmp_path, "nap", "nap")] == ["unchanged", "unchanged"]


def test_killing_a_worker_loses_nothing(address: str, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_one() -> None:
        time.sleep(2.5)
        with distributed.Client(address) as client:
            told: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
            killed.append(client.run(os.getpid, workers=[next(iter(told))]).popitem()[1])
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill_one)
    thread.start()
    results = batch(address, tmp_path, *["nap"] * 40)
    thread.join()
    assert [result.state for result in results] == ["converted"] * 40
    assert len(killed) == 1
    assert sorted(path.name for path in (tmp_path / "out").glob("*.prototxt")) == sorted(
        f"{number}.prototxt" for number in range(40)
    )


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from converters.batch import cluster

    monkeypatch.setattr(cluster, "_PATIENCE", 1.0)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(ConversionError, match="no Dask scheduler answers"), cluster.cluster(address, WORKER):
            pass
