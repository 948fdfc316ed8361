"""One job from its files to its outputs, in the process that it was given to; what goes wrong goes no further."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.error_kinds.general import OUR_FAULT
from caffe_ir.errors import ConversionError
from caffe_ir.files.file_names import BINARY, HDF5, PROTOTXT
from caffe_ir.files.writable import cannot_write
from converters.batch.fingerprint import fingerprint
from converters.batch.job import Job, Result
from converters.batch.publish import check_places, keep_report, publish, staged, untouched

Tell = Callable[[str], None]
"""Called with what a job is doing, in a few words."""


class Made(Struct, frozen=True, kw_only=True):
    """What a conversion knows of the files that it wrote; `refused` says why they may not leave the work-room."""

    layers: int = 0
    warnings: tuple[str, ...] = ()
    verify: Mapping[str, Any] | None = None
    engines: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    report: str = ""
    refused: tuple[str, ...] = ()


class Trade(Struct, frozen=True, kw_only=True):
    """How jobs are done: `convert` writes the files beside a stem, `inputs` names the files that it reads besides the
    job's own, `version` says for a job which converter this is.
    """

    convert: Callable[[Job, Path, Tell], Made]
    inputs: Callable[[Job], Iterable[Path]] = field(default=lambda job: ())
    version: Callable[[Job], str] = field(default=lambda job: "")


def done(job: Job, trade: Trade, tell: Tell) -> Result:
    """Do a job, or find it done already. Raises nothing but MemoryError: what goes wrong is in the result."""
    begin = time.monotonic()
    try:
        result = _done(job, trade, tell)
    except ConversionError as error:
        result = job.failed(*(problem.with_code() for problem in error.problems))
    except MemoryError:
        raise
    except OSError as error:
        result = job.failed(CANNOT_READ.mark(f"{error.filename or job.stem}: {error.strerror or error}"))
    except (Exception, SystemExit) as error:
        where = "".join(traceback.format_exception(error)[-4:]).rstrip()
        result = job.failed(
            OUR_FAULT.mark(f"{type(error).__name__}, which is a mistake of the converter or of your own code:\n{where}")
        )
    return replace(result, seconds=round(time.monotonic() - begin, 4))


def _done(job: Job, trade: Trade, tell: Tell) -> Result:
    tell("reading")
    now = fingerprint(job, trade.inputs(job), trade.version(job))
    if job.known and job.known.fingerprint == now and untouched(dict(job.known.files)):
        return replace(job.known, state="unchanged")
    known = dict(job.known.files) if job.known else {}
    inputs = list(job.paths())
    check_places(job.stem, (PROTOTXT, HDF5 if job.options.get("hdf5") else BINARY), inputs, known)
    with staged(job.stem) as stage:
        made = trade.convert(job, stage, tell)
        result = Result(
            name=job.name,
            target=job.target,
            state="failed" if made.refused else "converted",
            layers=made.layers,
            warnings=made.warnings,
            verify=made.verify,
            engines=made.engines,
            problems=made.refused,
            report=str(job.stem.with_name(made.report)) if made.report else "",
            fingerprint=now,
        )
        if made.refused:
            keep_report(stage, job.stem, made.report)
            return result
        endings = [path.name.removeprefix(stage.name) for path in stage.parent.iterdir()]
        check_places(job.stem, endings, inputs, known)
        durable = bool(job.options.get("durable"))
        try:
            return replace(result, files=publish(stage, job.stem, known, durable=durable))
        except OSError as error:
            raise ConversionError(cannot_write(job.stem, error, named=f"{job.stem}.*")) from error
