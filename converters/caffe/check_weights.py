"""What a target makes of the weights in a caffemodel: the layers whose numbers it refuses or gets wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import structs

from caffe_ir.blob import Shape, shape_text
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.caffemodel_forms import WeightsFile, read_forms
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import Target
from caffe_ir.targets.stored import Stored, StoredBlob
from caffe_ir.targets.target import Verdict
from converters.caffe.frontend import convert
from converters.caffe.shortfall import Shortfall

_WRITTEN_ANEW = "its weights are written anew, as Caffe writes them"


def check_weights(
    net: Net, prototxt: str | Path, caffemodel: str | Path, targets: Sequence[Target], *, input: Sequence[str] = ()
) -> Mapping[str, list[Shortfall]]:
    """What each target does not read as it should of the weights for a net, by the names of the targets.

    `net` is that of the prototxt. Raises ConversionError where the file of weights cannot be read.
    """
    file = read_forms(caffemodel)
    stored = list(_stored(net, file))
    faults = {
        target.name: [*_of_whole_file(Path(caffemodel), file, target), *_of_layers(stored, target)]
        for target in targets
    }
    hindrances = _hindrances(prototxt, caffemodel, input) if any(faults.values()) else {}
    return {
        name: [_shortfall(origin, verdict, hindrances) for origin, verdict in each] for name, each in faults.items()
    }


def _stored(net: Net, file: WeightsFile) -> Iterator[tuple[Node, Stored]]:
    """What the file holds for each layer, but for those whose weights are another layer's as well.

    Of several layers of one name Caffe gives the weights to the first.
    """
    seen = set[str]()
    for node in net.nodes:
        held = file.layers.get(node.name)
        shared = node.param_names and (held is None or file.hdf5)
        if shared or node.name in seen:
            continue
        seen.add(node.name)
        wanted = tuple(blob.shape for blob in node.blobs)
        if held is None:
            yield node, Stored(layer=node.layer, wanted=wanted, blobs=None)
        else:
            kind, blobs, times = held.type_name, held.blobs, held.times
            yield node, Stored(layer=node.layer, wanted=wanted, blobs=blobs, type_name=kind, times=times)


def _of_whole_file(path: Path, file: WeightsFile, target: Target) -> Iterator[tuple[Origin, Verdict]]:
    origin = Origin(layer=path.name, what="weights", file=str(path))
    if file.hdf5 and target.hdf5:
        why = f"{target.title} reads weights in the binary form alone, and these are HDF5"
        yield origin, Verdict(why=why, effect=target.hdf5, source=target.source, evidence=target.evidence)
    if file.old and not target.old_weights:
        why = f"{target.title} does not read weights in the old form, `layers`"
        yield origin, Verdict(why=why, source=target.source, evidence=target.evidence)


def _of_layers(stored: Iterable[tuple[Node, Stored]], target: Target) -> Iterator[tuple[Origin, Verdict]]:
    for node, held in stored:
        if verdict := target.weights_verdict(held):
            yield node.origin, _with_shapes(verdict, held)


def _with_shapes(verdict: Verdict, stored: Stored) -> Verdict:
    wanted = ", ".join(map(_shape, stored.wanted)) or "nothing"
    if stored.blobs is None:
        return structs.replace(verdict, why=f"{verdict.why}: it takes {wanted}")
    held = ", ".join(map(_held, stored.blobs)) or "nothing"
    return structs.replace(verdict, why=f"{verdict.why}: it takes {wanted}, and the file has {held}")


def _held(blob: StoredBlob) -> str:
    numbers = "" if blob.fits_itself else f" with {blob.count} numbers"
    form = "" if blob.numbers == "float" else f" of {blob.numbers}"
    value = f" ({blob.alone:g})" if blob.alone is not None else ""
    return f"{'no shape' if blob.shape is None else _shape(blob.shape)}{numbers}{form}{value}"


def _shape(shape: Shape) -> str:
    return shape_text(shape) or "one number"


def _shortfall(origin: Origin, verdict: Verdict, hindrances: Mapping[str, str]) -> Shortfall:
    """`hindrances` are why no net can be made of the files, by the names of the layers; "" for the whole file."""
    hindrance = hindrances.get(origin.layer, hindrances.get("", ""))
    return Shortfall(
        layer=origin.layer,
        type_name=origin.what,
        origin=origin,
        verdict=verdict,
        rewrite="" if hindrance else _WRITTEN_ANEW,
        hindrance=hindrance,
    )


def _hindrances(prototxt: str | Path, caffemodel: str | Path, input: Sequence[str]) -> Mapping[str, str]:
    """Why the two files are not one net to Caffe, by the names of the layers; "" names the whole file."""
    try:
        convert(prototxt, caffemodel, input=input)
    except ConversionError as error:
        return {_of_layer(one): one.why or one.what for one in error.problems}
    return {}


def _of_layer(problem: Problem) -> str:
    return problem.origin.layer if problem.origin and problem.origin.line is not None else ""
