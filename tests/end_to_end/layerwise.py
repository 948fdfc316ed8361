"""A net's values beside what they ought to be, each as it is computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from caffe_ir import reference
from caffe_ir.blob import Array
from caffe_ir.net import Net
from converters.verify.comparison import Row, row


def rows(
    truths: Mapping[str, Array], net: Net, held: Mapping[str, str], feeds: Mapping[str, Array], dtype: type[np.floating]
) -> Iterator[Row]:
    """A row for each value that `truths` knows and that `held` finds a blob for, run in `dtype`."""
    values = defaultdict(list)
    for value, blob in held.items():
        if value in truths:
            values[blob].append(value)
    for node, tops in reference.walk(net, feeds, dtype):
        for top, array in zip(node.tops, tops, strict=True):
            yield from (row(value, truths[value], array) for value in values[top])


def worst(found: Iterator[Row] | list[Row]) -> Row:
    return max(found, key=lambda each: each.relative)


def exact(net: Net, held: Mapping[str, str], feeds: Mapping[str, Array]) -> dict[str, Array]:
    """The values of a net in float64."""
    blobs = reference.run(net, feeds, np.float64)
    return {value: blobs[blob] for value, blob in held.items()}
