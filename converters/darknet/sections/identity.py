"""[dropout], [cost], [empty] and [contrastive]: nothing is computed at inference, or nothing that anybody reads."""

from __future__ import annotations

from collections.abc import Mapping

from converters.darknet.build import Build, Handler, Value
from converters.darknet.section import Section


def dropout(section: Section, build: Build) -> Value:
    """The identity at inference, in both (dropout_layer.c, forward_dropout_layer)."""
    build.note("dropped", "[dropout] does nothing at inference")
    return build.previous


def empty(section: Section, build: Build) -> Value:
    """AlexeyAB's [empty] and [silence]: the identity (parser.c)."""
    return build.previous


def cost(section: Section, build: Build) -> Value:
    """The net's output is what comes before (network.c, get_network_output); its own stays zero without a truth."""
    build.note("dropped", "[cost] is for training only; the net ends before it")
    return _end(build)


def contrastive(section: Section, build: Build) -> Value:
    """AlexeyAB's loss on what comes before (softmax_layer.c, forward_contrastive_layer)."""
    section.has("classes")
    for key in ("yolo_layer", "temperature", "cls_normalizer", "max_delta", "contrastive_neg_max"):
        section.has(key)
    build.note("dropped", "[contrastive] is for training only; what it reads is an output of the net")
    return _end(build)


def _end(build: Build) -> Value:
    build.unreadable[build.section.index] = f"{build.section.written} has no value of its own"
    return build.previous


HANDLERS: Mapping[str, Handler] = {
    "dropout": dropout,
    "empty": empty,
    "cost": cost,
    "contrastive": contrastive,
}
