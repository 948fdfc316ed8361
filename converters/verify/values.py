"""The values of a net as they are computed, under the names that its source gives them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from caffe_ir import reference
from caffe_ir.blob import Array
from caffe_ir.net import Net

Values = Iterator[tuple[str, Array]]


def embedded(net: Net, held: Mapping[str, str], feeds: Mapping[str, Array], dtype: type[np.floating]) -> Values:
    """The values that `held` wants (value -> blob), as the embedded engine computes them, in the order of the net."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for value, blob in held.items():
        wanted[blob].append(value)
    for node, tops in reference.walk(net, feeds, dtype):
        for top, array in zip(node.tops, tops, strict=True):
            for value in wanted.get(top, ()):
                yield value, array
