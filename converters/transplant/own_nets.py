"""Prototxts that were converted from the same model: they say blob by blob what fills them, so nothing is matched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from caffe_ir.blob import Blob
from caffe_ir.error_kinds.transplant import NOT_REFILLABLE
from caffe_ir.errors import ConversionError, Problems
from caffe_ir.files.weight_sources import BlobSource, WeightSources, digest
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.transplant.modules import COUNTER
from converters.weights.sets import several
from converters.weights.tensors import Tensor

SHOWN = 5
AGAIN = "convert the model again, with these weights: convert pytorch MODEL --weights FILE"


class NamedSources(Struct, frozen=True, kw_only=True):
    """What a prototxt says of its weights, and the weights that were written with it, by layer."""

    sources: WeightSources = field(default_factory=WeightSources)
    caffemodel: Path = Path()
    written: Mapping[str, Sequence[Blob]] = field(default_factory=dict)


class Filled(Struct, frozen=True, kw_only=True):
    """The weights of layers by their names, the keys that each took, their tensors, and keys that need no place."""

    blobs: Mapping[str, tuple[Blob, ...]]
    keys: Mapping[str, tuple[str, ...]]
    tensors: Mapping[str, Tensor]
    left: Mapping[str, str]


def under_their_names(tensors: Mapping[str, Tensor], named: NamedSources) -> tuple[dict[str, Tensor], str]:
    """The tensors without the one prefix with which all that the prototxt names are there, and that prefix.

    Raises ConversionError where there are several.
    """
    blobs = {one.key for blobs in named.sources.layers.values() for one in blobs if one.key}
    wanted = blobs or named.sources.as_it_was.keys()
    some = next(iter(wanted), "")
    prefixes = {name.removesuffix(some) for name in tensors if name.endswith(f".{some}")} if some else set()
    fitting = [prefix for prefix in sorted(prefixes) if all(prefix + key in tensors for key in wanted)]
    if wanted <= tensors.keys() or not fitting:
        return dict(tensors), ""
    if len(fitting) > 1:
        raise ConversionError(several(" that fit", [prefix.rstrip(".") for prefix in fitting]))
    (prefix,) = fitting
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}, prefix


def filled_as_named(
    net: Net, tensors: Mapping[str, Tensor], named: NamedSources, problems: Problems, *, without: Collection[str] = ()
) -> Filled:
    """Fill what the prototxt names, `without` some layers. What it names and cannot be done is a problem.

    Layers that it does not name stay as they are. Every tensor must have the shape that it had, and the constants stand
    in the caffemodel that was written with the prototxt.
    """
    blobs: dict[str, tuple[Blob, ...]] = {}
    keys: dict[str, tuple[str, ...]] = {}
    lost: list[str] = []
    computed: list[str] = []
    for node in net.nodes:
        sources = named.sources.layers.get(node.name, ())
        if not node.blobs or len(sources) != len(node.blobs) or node.name in without:
            continue
        if any(not one.key and not one.constant for one in sources):
            computed.append(node.name)
            continue
        made = [_blob(node, place, one, tensors, named, problems) for place, one in enumerate(sources)]
        if any(blob is None and one.constant for blob, one in zip(made, sources, strict=True)):
            lost.append(node.name)
        blobs[node.name] = tuple(blob for blob in made if blob is not None)
        keys[node.name] = tuple(one.key for one in sources if one.key)
    if lost:
        why = f"they stand in the caffemodel that was written with the prototxt; {named.caffemodel} does not have them"
        what = f"{_few(lost)} hold{'s' * (len(lost) == 1)} constants of the conversion"
        problems.add(what, why=why, hint=f"put that caffemodel there, or {AGAIN}", kind=NOT_REFILLABLE)
    if computed:
        what = f"the weights of {_few(computed)} are not copies of tensors: the conversion computed them"
        problems.add(
            what,
            why="folded, padded or put in another order; the prototxt does not say how",
            hint=AGAIN,
            kind=NOT_REFILLABLE,
        )
    problems.raise_if_any()
    taken = {key: tensors[key] for each in keys.values() for key in each}
    left = _left(tensors, taken, named, problems) if blobs or named.sources.as_it_was else {}
    return Filled(blobs=blobs, keys=keys, tensors=taken, left=left)


def _blob(
    node: Node, place: int, source: BlobSource, tensors: Mapping[str, Tensor], named: NamedSources, problems: Problems
) -> Blob | None:
    own = node.blobs[place]
    if source.constant:
        written = named.written.get(node.name, ())
        fits = len(written) == len(node.blobs) and written[place].shape == own.shape
        return written[place] if fits else None
    tensor = tensors.get(source.key)
    if tensor is None:
        problems.add(
            f"{node.name} is filled by {source.key}, which is not there", origin=node.origin, kind=NOT_REFILLABLE
        )
        return None
    wanted = named.sources.shapes.get(source.key, own.shape)
    if tensor.shape != wanted or not tensor.count or own.count % tensor.count:
        what = f"{node.name} takes {source.key} of the shape {list(wanted)}, and it is {list(tensor.shape)}"
        hint = "is it a checkpoint of the same model, with the same arguments?"
        problems.add(what, hint=hint, origin=node.origin, kind=NOT_REFILLABLE)
        return None
    return tensor.blob.repeated(own.count // tensor.count).reshaped(own.shape)


def _left(
    tensors: Mapping[str, Tensor], taken: Mapping[str, Tensor], named: NamedSources, problems: Problems
) -> dict[str, str]:
    """Why keys that no blob took need no place. A tensor that must be as it was, and is not, is a problem."""
    left: dict[str, str] = {}
    changed: list[str] = []
    for key, was in named.sources.as_it_was.items():
        if key not in tensors or digest(tensors[key].double()) != was:
            changed.append(key)
        elif key not in taken:
            left[key] = "as it was when the net was converted"
    changed += [key for key, other in named.sources.same.items() if not _same(tensors, key, other)]
    if changed:
        what = f"{_few(changed)} {'is' if len(changed) == 1 else 'are'} not as when the net was converted"
        why = "numbers of it stand in fields of layers, in weights that were computed, or in another tensor's place"
        problems.add(what, why=why, hint=AGAIN, kind=NOT_REFILLABLE)
    places = {tensor.place: key for key, tensor in taken.items() if tensor.place is not None}
    parents = {key.rpartition(".")[0] for key in taken}
    for key in tensors.keys() - taken.keys() - left.keys():
        parent, _, role = key.rpartition(".")
        if key in named.sources.unused:
            left[key] = "no output depends on it"
        elif role == COUNTER and parent in parents:
            left[key] = "counts the batches of the training; no output depends on it"
        elif key in named.sources.same or tensors[key].place in places:
            left[key] = f"the same numbers as {named.sources.same.get(key) or places[tensors[key].place]}"
    return left


def _same(tensors: Mapping[str, Tensor], key: str, other: str) -> bool:
    """Whether two tensors are still the same numbers; one that is not there is no other."""
    if key not in tensors or other not in tensors:
        return True
    one, two = tensors[key], tensors[other]
    return (one.place is not None and one.place == two.place) or digest(one.double()) == digest(two.double())


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
