"""An engine of somebody else as the reference of a Caffe net that exists already: it reads the net's own files."""

from __future__ import annotations

import tempfile
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.files.caffemodel_hdf5 import is_hdf5
from caffe_ir.files.spelled_file import misspellings, spelled_file
from caffe_ir.targets import TARGETS
from converters.verify.engine import CaffeFiles, Engine, EngineFailed
from converters.verify.engines import ENGINES
from converters.verify.source import Feeds, Reference, ReferenceFailed, Values, held_by_blob, inputs_of

REFERENCES = {"pycaffe": "caffe", "opencv": "opencv", "mnn": "mnn"}
"""The engines that may be the reference, the best first, each with the target that says what it computes."""


class Choice(Struct, frozen=True, kw_only=True):
    """The engine that is the reference; None where there is none, and then `why` says what keeps each from it."""

    reference: Reference | None = None
    why: str = ""


def chosen_reference(files: CaffeFiles, text: str = "") -> Choice:
    """The first engine that is installed and computes every layer of these files as Caffe does.

    `files.net` says which values there are. `text` is what the engine reads in the place of the prototxt, where that
    has parts for training besides. What the engine makes of it shows when it runs. Raises ConversionError where the
    prototxt cannot be read.
    """
    reasons = []
    for name, target in REFERENCES.items():
        why = _unfit(ENGINES[name], target, files)
        if not why:
            return Choice(reference=engine_reference(ENGINES[name], files, text))
        reasons.append(f"{name}: {why}")
    return Choice(why="; ".join(reasons))


def _unfit(engine: Engine, target: str, files: CaffeFiles) -> str:
    if engine.missing():
        return "not installed"
    if not engine.hdf5 and is_hdf5(files.caffemodel):
        return "it reads no weights in HDF5"
    for node, verdict in TARGETS[target].verdicts(files.net):
        if verdict.is_fault:
            return f"{node.name} ({node.layer.type_name()}): {verdict.why}"
    for origin, verdict in misspellings(spelled_file(files.prototxt), TARGETS[target]):
        if verdict.is_fault:
            return f"{origin.layer} ({origin.what}): {verdict.why}"
    return ""


def engine_reference(engine: Engine, files: CaffeFiles, text: str = "") -> Reference:
    """An engine as the reference of the net in these files, or with `text` as their prototxt."""

    def values(feeds: Feeds) -> Values:
        given = dict(zip(inputs_of(files.net), feeds.values(), strict=True))
        if not text:
            yield from _values(engine, files, given)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, files.prototxt.name)
            path.write_text(text, encoding="utf-8")
            yield from _values(engine, replace(files, prototxt=path), given)

    what = f"{files.prototxt.name}, without what is for training," if text else files.prototxt.name
    return Reference(
        name=engine.name,
        title=f"{what} in {engine.title()}, float32",
        values=values,
        tolerance=engine.tolerance,
        precision="float32",
        required=False,
    )


def _values(engine: Engine, files: CaffeFiles, feeds: Feeds) -> Values:
    """What the engine computes, under the names of the values; for a blob that it has no more there is None."""
    net = files.net
    names = held_by_blob(net.values.items())
    wanted = [top for node in net.nodes if node.bottoms for top in node.tops if top in names]
    try:
        for blob, array in zip(wanted, engine.blobs(files, wanted, feeds), strict=True):
            yield from ((value, array) for value in names[blob])
    except EngineFailed as error:
        raise ReferenceFailed(str(error)) from error
