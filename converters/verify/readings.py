"""Another reading of the source that explains what is at fault in many layers: one choice, reported in one line."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.net import Net
from converters.verify.blame import Fault, differences
from converters.verify.trial import Comparison

_FEWEST = 2
"""So many layers must be at fault before one choice is looked for that explains them."""


class Reading(Struct, frozen=True, kw_only=True):
    """The net that the converter writes of the same source when it is read in another way.

    `chosen` says of the layers what that way does, `instead` what they ought to do, `hint` what to do about it.
    """

    expected: Net
    chosen: str
    instead: str
    hint: str


def explained(comparison: Comparison, expected: Net, net: Net, readings: Iterable[Reading]) -> Comparison:
    """The comparison with one fault for all layers that are right in another reading, where there is one.

    A reading explains what is at fault where it leaves at most a quarter of the layers that differ, and no others.
    """
    wrong = {fault.layer for fault in comparison.faults} & differences(expected, net).keys()
    if len(wrong) < _FEWEST:
        return comparison
    for reading in readings:
        left = differences(reading.expected, net).keys()
        right = wrong - left
        if 4 * len(left) <= len(wrong) and right:
            text = f"{len(right)} layers {reading.chosen}, where {reading.instead}: {reading.hint}"
            first = next(fault for fault in comparison.faults if fault.layer in right)
            one = Fault(layer="", kind="geometry", text=text, source=first.source, written=first.written)
            others = tuple(fault for fault in comparison.faults if fault.layer not in right)
            return replace(comparison, faults=(one, *others))
    return comparison
