"""Sections that a static net cannot hold, and why."""

from __future__ import annotations

from collections.abc import Mapping

_STATE = "it keeps a state from one input to the next, which a net without loops cannot"

REFUSED: Mapping[str, str] = {
    "rnn": _STATE,
    "gru": _STATE,
    "lstm": _STATE,
    "crnn": _STATE,
    "conv_lstm": _STATE,
    "history": "it keeps earlier pictures of a video",
}
