"""The last states of an LSTM in the shapes that it has when it runs.

Up to some version, torch's own decomposition of lstm (torch/_decomp/decompositions.py, one_layer_lstm, as in 2.6 to
2.9) took the wrong axis off the last states. torch.export infers shapes by it, and gave (layers, 1, N, size) where the
module returns (layers, N, size).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from torch._decomp import decompositions

_ONE_LAYER = "one_layer_lstm"


@contextmanager
def true_last_states() -> Iterator[None]:
    """Within it torch infers (N, size) for both last states of one layer, those of its first states."""
    layer = getattr(decompositions, _ONE_LAYER, None)
    if layer is None:
        yield
        return

    def reshaped(inp: Any, hidden: Any, *others: Any, **named: Any) -> Any:
        out, last = layer(inp, hidden, *others, **named)
        return out, tuple(state.reshape(first.shape) for state, first in zip(last, hidden, strict=True))

    with mock.patch.object(decompositions, _ONE_LAYER, reshaped):
        yield
