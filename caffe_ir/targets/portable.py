"""What every engine computes rightly that could be tried and has products and powers: one set of files for all.

caffe2onnx multiplies no blobs and X2Paddle has no power but 1, which would leave out every gate and most activations.
They are targets of their own, and the files are for them too where a net has a form that they compute.
"""

from __future__ import annotations

from collections.abc import Sequence

from caffe_ir.layer import Layer
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import EFFECTS
from caffe_ir.targets.mnn import MNN
from caffe_ir.targets.ncnn import NCNN
from caffe_ir.targets.opencv import OPENCV
from caffe_ir.targets.openvino import OPENVINO
from caffe_ir.targets.rknn2 import RKNN2
from caffe_ir.targets.target import Target


def jointly(name: str, title: str, targets: Sequence[Target]) -> Target:
    """A target that has the layers that all of these have, within the limits of each."""
    wanted = [target.names for target in targets if target.names]
    assert len(wanted) < 2, "two rules for names, which nobody adds up"
    kinds = [kind for kind in targets[0].layers if all(kind in target.layers for target in targets)]
    said: dict[type[Layer], tuple[str, ...]] = {}
    for target in targets:
        for kind, fields in target.said.items():
            said[kind] = tuple(dict.fromkeys((*said.get(kind, ()), *fields)))
    return Target(
        name=name,
        title=title,
        source=f"the trials of {', '.join(target.name for target in targets)}",
        layers={
            kind: tuple(dict.fromkeys(limit for target in targets for limit in target.layers[kind])) for kind in kinds
        },
        pairs=tuple(pair for target in targets for pair in target.pairs),
        net=tuple(limit for target in targets for limit in target.net),
        names=wanted[0] if wanted else None,
        spellings=tuple(spelling for target in targets for spelling in target.spellings),
        said=said,
        fields=frozenset.intersection(*(target.parsed_fields for target in targets)),
        weights=tuple(dict.fromkeys(limit for target in targets for limit in target.weights)),
        hdf5=min((target.hdf5 for target in targets if target.hdf5), key=EFFECTS.index, default=None),
        old_weights=all(target.old_weights for target in targets),
        old_forms=frozenset.intersection(*(target.old_forms for target in targets)),
        for_others=True,
        for_converters=True,
    )


PORTABLE = jointly("portable", "the portable set", (CAFFE, OPENCV, MNN, NCNN, OPENVINO, RKNN2))
