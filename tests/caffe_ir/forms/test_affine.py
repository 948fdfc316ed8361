from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.forms.affine import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import BatchNorm, Bias, Power, Reshape, Scale
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.targets import MNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten

MAP = (2, 4, 6, 7)


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (BatchNorm(use_global_stats=True, eps=1e-3), (MAP,), 0, ["BatchNorm"]),
        (BatchNorm(use_global_stats=True, eps=1e-3), (MAP,), 1, ["Scale"]),
        (Power(scale=2.0, shift=0.5), (MAP,), 0, ["Scale"]),
        (Power(scale=-2.0), ((2, 4),), 0, ["Scale"]),
        (Power(power=2.0), (MAP,), 1, ["Eltwise"]),
        (Power(power=2.0, scale=0.5, shift=1.0), (MAP,), 1, ["Power", "Eltwise"]),
        (Bias(), (MAP,), 0, ["Scale"]),
        (Bias(axis=2), (MAP,), 0, ["Scale"]),
        (Scale(axis=3, bias_term=True), (MAP,), 0, ["Reshape", "Scale", "Reshape"]),
        (Scale(axis=1, num_axes=-1), (MAP,), 0, ["Reshape", "Scale", "Reshape"]),
        (Scale(axis=2, num_axes=2), (MAP,), 0, ["Reshape", "Scale", "Reshape"]),
        (Scale(axis=1, num_axes=0), (MAP,), 0, ["Reshape", "Scale", "Reshape"]),
        (Scale(axis=0, num_axes=3, bias_term=True), ((3, 2, 4, 5),), 0, ["Reshape", "Scale", "Reshape"]),
        (Scale(axis=0, num_axes=-1), ((3, 4, 5),), 0, ["Reshape", "Scale", "Reshape"]),
        (Scale(axis=0), ((3, 4),), 0, ["Reshape", "Scale", "Reshape"]),
    ],
    ids=str,
)
def test_the_same_function_in_other_layers(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, types: list[str]
) -> None:
    after = written(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
    assert [node.layer.type_name() for node in after.nodes[len(shapes) :]] == types


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "reason"),
    [
        (BatchNorm(use_global_stats=False, eps=1e-3), (MAP,), 0, "the batch's"),
        (BatchNorm(use_global_stats=False, eps=1e-3), (MAP,), 1, "those of the batch"),
        (Power(power=2.0), (MAP,), 0, "not linear"),
        (Power(scale=2.0), ((4,),), 0, "no channels"),
        (Power(power=3.0), (MAP,), 1, "not a square"),
        (Bias(axis=0), (MAP, (2, 4)), 0, "own weights"),
        (Scale(), (MAP,), 0, "channels already"),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])


def test_a_batch_norm_without_numbers_has_no_mean_and_no_variance() -> None:
    """Where the factor is 0 Caffe takes 0 for both (batch_norm_layer.cpp)."""
    net = net_of_layer(BatchNorm(use_global_stats=True, eps=0.25), MAP)
    net.update(net.node("y"), replace(net.node("y"), blobs=tuple(Blob.of(np.zeros(size)) for size in (4, 4, 1))))
    after = written(net, FORMS[BatchNorm][1])
    assert set(after.node("y").blobs[0].load()) == {2.0}


@pytest.mark.parametrize(("axis", "size", "key"), [(2, 4, "gamma"), (2, (4, 5), "gamma"), (2, 4, "")], ids=str)
def test_weights_of_the_last_axes_are_their_tensor_over_and_over(axis, size, key) -> None:
    """So that a prototxt of a LayerNorm can be filled with another checkpoint; those of rows are computed."""
    sizes = size if isinstance(size, tuple) else (size,)
    shape = (2, 3, *sizes) if key else (2, 3, 4, 5)
    gamma = np.arange(float(np.prod(sizes))).reshape(sizes)
    net = net_of(shape)
    add(net, "scale", Scale(axis=axis, num_axes=len(sizes)), gamma)
    node = net.node("scale")
    net.update(node, replace(node, blobs=(replace(node.blobs[0], key="gamma"),)))
    (form,) = FORMS[Scale]
    (made,) = (node for node in written(net, form).nodes if node.blobs)
    assert made.blobs[0].key == key
    wide = np.broadcast_to(gamma.reshape(*sizes, *(1,) * (len(shape) - 2 - len(sizes))), shape[1:])
    np.testing.assert_array_equal(made.blobs[0].load(), wide.reshape(-1))


def test_windows_behind_the_batch_get_their_constants_in_mnn() -> None:
    """As Swin adds a mask to its shifted windows: MNN ignores the axis, and no form said it otherwise."""
    net = net_of((1, 4, 6, 5))
    add(net, "windows", Reshape(shape=(4, 6, 5)))
    rng = np.random.default_rng(0)
    constants = [rng.standard_normal((4, 6)) for _ in range(2)]
    add(net, "mask", Scale(axis=0, num_axes=2, bias_term=True), *constants)
    assert [verdict.why for _, verdict in MNN.verdicts(net)] == ["the axis is ignored"]
    after = rewritten(net, LEGALIZE, context=replace(CONTEXT, target=MNN))
    assert list(MNN.verdicts(after)) == []
