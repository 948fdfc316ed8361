"""A few layers of a net, cut out and run in an engine on the right inputs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from caffe_ir.node import Node
from converters.verify.comparison import Row, row
from converters.verify.embedded_engine import blobs
from converters.verify.engine import CaffeFiles, Engine, EngineFailed, written_part
from converters.verify.source import Feeds, inputs_of


def run_alone(files: CaffeFiles, engine: Engine, nodes: Sequence[Node], blob: str, feeds: Feeds) -> Row:
    """What an engine makes of these layers alone, beside what they mean. Raises EngineFailed.

    Their inputs are the values that the whole net gives them in float64, rounded to float32 for both sides; the weights
    come from the same caffemodel.
    """
    with tempfile.TemporaryDirectory() as folder:
        part = written_part(files, nodes, Path(folder, "alone.prototxt"))
        inputs = inputs_of(part.net)
        needed = [top for node in files.net.nodes for top in node.tops if top in inputs]
        exact = blobs(files.net, needed, feeds, np.float64)
        given = {name: array.astype(np.float32) for name, array in zip(needed, exact, strict=True)}
        (ours,) = blobs(part.net, [blob], given, np.float64)
        (theirs,) = engine.blobs(part, [blob], given)
        if theirs is None:
            raise EngineFailed(f"{engine.name} does not show {blob}")
        return row(blob, ours, theirs)
