"""The jobs on a Dask cluster: scheduling, retries and the dashboard are Dask's; each of its threads has a process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial

from distributed import Client, WorkerPlugin, get_worker
from distributed.worker import Worker

from caffe_ir.error_kinds.batch import NO_SCHEDULER
from caffe_ir.errors import ConversionError, Problem
from converters.batch.job import Job, Result
from converters.batch.pool import Pool
from converters.batch.slots import Slots

_AHEAD = 1000
_PATIENCE = 10.0
"""Seconds until a scheduler must have answered."""


class SlotsOfWorker(WorkerPlugin):  # type: ignore[misc]
    """The child processes of one Dask worker, which end with it."""

    def __init__(self, name: str, module: str, timeout: float | None) -> None:
        self.name, self._module, self._timeout = name, module, timeout
        self.slots: Slots | None = None

    def setup(self, worker: Worker) -> None:
        self.slots = Slots(self._module, timeout=self._timeout)

    def teardown(self, worker: Worker) -> None:
        if self.slots:
            self.slots.stop()


def done_there(name: str, job: Job) -> Result:
    """A job, done by a process of the Dask worker that this is called in."""
    plugin = get_worker().plugins[name]
    assert isinstance(plugin, SlotsOfWorker), "it was registered under this name"
    assert plugin.slots is not None, "Dask sets up a plugin before it runs a task"
    return plugin.slots.run(job)


@contextmanager
def cluster(address: str, module: str, *, timeout: float | None = None) -> Iterator[Pool]:
    """The workers of the scheduler at an address, which must see the same files. Raises ConversionError."""
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        hint = "start one with `dask scheduler`, and its workers with `dask worker ADDRESS`"
        raise ConversionError(
            Problem(kind=NO_SCHEDULER, what=f"no Dask scheduler answers at {address}", why=str(error), hint=hint)
        ) from None
    name = f"tocaffe-{uuid.uuid4().hex}"
    with client:
        client.register_plugin(SlotsOfWorker(name, module, timeout), name=name)
        executor = client.get_executor(pure=False)
        try:
            yield Pool(submit=partial(_submitted, executor.submit, name), ahead=_AHEAD)
        finally:
            executor.shutdown(wait=False)
            client.unregister_worker_plugin(name)


def _submitted(submit: object, name: str, job: Job) -> Future[Result]:
    assert callable(submit), "an executor's method"
    future: Future[Result] = submit(done_there, name, job)
    return future
