"""An engine that keeps a net open from one picture to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.error_kinds.running import ENGINE
from caffe_ir.errors import ConversionError, Problem
from converters.verify.engine import CaffeFiles, EngineFailed
from converters.verify.engines import ENGINES
from converters.verify.source import Feeds

Session = Callable[[Feeds], Mapping[str, Array]]
"""The wanted blobs by their names, for the inputs by theirs. Raises ConversionError."""

_ANOTHER = "or take --engine embedded, which is always there"
_SEVERAL = 4
"""Pictures, from which on another net is opened: that takes about as long as running it once."""
_SMALL = 128 << 20
"""Bytes of weights."""


def session(name: str, files: CaffeFiles, wanted: Sequence[str]) -> Session:
    """The engine of that name with the net open. Raises ConversionError where it is missing or cannot read the net."""
    engine = ENGINES[name]
    if missing := engine.missing():
        raise ConversionError(Problem(kind=ENGINE, what=missing, hint=_ANOTHER))
    ordered = [top for node in files.net.nodes for top in node.tops if top in wanted]
    if engine.opened is not None:
        try:
            forward = engine.opened(files)
        except EngineFailed as error:
            raise _failed(error) from error
        return lambda feeds: _told(lambda: forward(ordered, feeds), ordered)
    return lambda feeds: _told(lambda: list(engine.blobs(files, ordered, feeds)), ordered)


def _failed(error: EngineFailed) -> ConversionError:
    return ConversionError(Problem(kind=ENGINE, what=str(error), hint=_ANOTHER))


def sessions(name: str, files: CaffeFiles, wanted: Sequence[str], pictures: int) -> list[Session]:
    """The sessions in which so many pictures are run at once: several for several pictures, a small net, and an engine
    that gains by it.

    Each costs the weights once more, and where they are many what is beside the net is not a part of the time anyway.
    Raises ConversionError where the engine is missing or cannot read the net.
    """
    size = 4 * sum(blob.count for node in files.net.nodes for blob in node.blobs)
    several = pictures >= _SEVERAL and size <= _SMALL
    return [session(name, files, wanted) for _ in range(ENGINES[name].at_once if several else 1)]


def _told(run: Callable[[], Sequence[Array | None]], names: Sequence[str]) -> dict[str, Array]:
    try:
        arrays = run()
    except EngineFailed as error:
        raise _failed(error) from error
    found = {name: np.asarray(array) for name, array in zip(names, arrays, strict=True) if array is not None}
    if lost := [name for name in names if name not in found]:
        what = f"the engine has no blob {', '.join(lost)} when it is done"
        hint = "`--engine embedded` computes every blob, slowly; `convert check` says what the engine leaves out"
        raise ConversionError(Problem(kind=ENGINE, what=what, hint=hint))
    return found


def first_engine() -> tuple[str, str]:
    """OpenCV where it is installed and reads Caffe files, else the embedded one, which is slow, with the reason."""
    missing = ENGINES["opencv"].missing()
    return ("embedded", missing) if missing else ("opencv", "")
