"""A prototxt that this converter did not write: its layers have other names, so it is compared by its outputs alone.

There is no telling which of its blobs ought to hold which value, or its layers which numbers: the net as a whole must
compute what the source computes. Inputs and outputs stand for those of the source by name, or else by their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from caffe_ir.net import Net
from converters.verify.blame import Fault, place
from converters.verify.comparison import off
from converters.verify.matching import Matches
from converters.verify.outputs import outputs_of, promised
from converters.verify.source import Feeds, inputs_of
from converters.verify.trial import Trial
from converters.verify.work import Work

CLOSE = 1e-5
"""The largest relative error of an output in float64: somebody else rounded the numbers, and all layers add to it."""
_SHARE = 4
"""A prototxt of the converter's, also an edited one, has at least one in so many of the layers' names."""


def is_foreign(expected: Net, net: Net) -> bool:
    """Whether a net has next to none of the layers that the converter writes."""
    inputs = inputs_of(expected)
    ours = {node.name for node in expected.nodes if not set(node.tops) & set(inputs)}
    return _SHARE * len(ours & {node.name for node in net.nodes}) < len(ours)


def outputs_matched(expected: Net, net: Net) -> Matches:
    """The outputs of a net and the values that they stand for; those without one of their size are missing."""
    values: dict[str, str] = {}
    for value, blob in expected.values.items():
        values.setdefault(blob, value)
    wanted, found = promised(expected), outputs_of(net)
    left = [output for name, output in found.items() if name not in wanted]
    held: dict[str, str] = {}
    missing: list[str] = []
    for name, output in wanted.items():
        alike = [each for each in left if prod(each.shape) == prod(output.shape)]
        stand_in = found.get(name) or next(iter(alike), None)
        if stand_in is None:
            missing.append(values[output.blob])
            continue
        held[stand_in.blob] = values[output.blob]
        left = [each for each in left if each is not stand_in]
    return Matches(held={top: held[top] for top in net.shapes if top in held}, missing=tuple(missing), late={})


def fed_by_order(feeds: Iterable[Feeds], net: Net) -> Iterator[Feeds]:
    """The inputs under the net's own names."""
    for each in feeds:
        yield dict(zip(inputs_of(net), each.values(), strict=True))


def foreign_faults(work: Work, trials: Sequence[Trial]) -> Iterator[Fault]:
    """The outputs that are wrong, or that the file does not have."""
    net, held = work.files.net, {label: blob for blob, label in work.matched.held.items()}
    wrong = {seen.value: seen for trial in trials if trial.asked for seen in trial.wrong}
    for value, seen in wrong.items():
        node = net.producer(held[value])
        text = f"the output {work.output(held[value])} is not what the source computes as {value}: it is {off(seen)}"
        yield Fault(
            layer=node.name, kind="output", text=text, value=value, source=work.place(value), written=place(node)
        )
    for value in work.matched.missing:
        text = f"the source's output {value} is missing: the file has the outputs {', '.join(outputs_of(net))}"
        yield Fault(layer=value, kind="output", text=text, value=value, source=work.place(value))


def foreign_warnings(work: Work) -> Iterator[Fault]:
    """That this prototxt is not the converter's, and what that means for the verdict."""
    written = str(work.files.prototxt)
    pairs = ", ".join(f"{work.output(blob)} for {value}" for blob, value in work.matched.held.items())
    text = f"the converter did not write this prototxt: its outputs alone are compared ({pairs}), not its layers"
    yield Fault(layer="", kind="file", text=text, written=written)
    further = [output.name for output in outputs_of(work.files.net).values() if output.blob not in work.matched.held]
    if further:
        text = f"it has outputs that the source does not have: {', '.join(further)}"
        yield Fault(layer="", kind="file", text=text, written=written)
