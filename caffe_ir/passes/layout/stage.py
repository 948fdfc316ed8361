"""A net built anew beside the old one, in which permutations and reshapes wait until a layer needs them done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.free_names import FreeNames
from caffe_ir.layer import Layer
from caffe_ir.layers import Flatten, Parameter, reshape_to
from caffe_ir.layers.source import Permute
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.views import Axes, Order, View, permutation, plain, plain_order

MARK = "~"
"""Behind the names of new blobs, which may be those of old ones in other shapes; no source has it in a name."""


class Stage(Struct, kw_only=True):
    """The new net so far, and for each blob of the old net the view of a new blob that it is."""

    old: Net
    net: Net
    views: dict[str, View] = field(default_factory=dict)
    constants: dict[str, Node] = field(default_factory=dict)
    """Parameters of the old net, written when they are read, in the order in which they are wanted."""
    made: dict[tuple[str, Shape, tuple[int, ...]], str] = field(default_factory=dict)
    names: FreeNames = field(default_factory=FreeNames)
    turned: bool = False
    """Whether products of two activations come out transposed where both forms are as good."""
    kept: bool = False
    """Whether blobs that meet stay as one of them lies, where it costs as much to bring them into the plain order."""
    early: Mapping[str, bool] = field(default_factory=dict)
    """Linear layers that get their axes brought together before them, and whether with the last one as channels."""

    # ---- writing ----------------------------------------------------------------------------------------------------

    def emit(
        self,
        node: Node,
        layer: Layer,
        bottoms: Sequence[str],
        tops: Sequence[Axes],
        blobs: Sequence[Blob] | None = None,
        param_names: tuple[str, ...] = (),
    ) -> None:
        """Write a layer in the place of an old node; `tops` are the views in which its tops are the old ones.

        `param_names` are those of other `blobs`: none where no layer shares them.
        """
        shapes = layer.infer(self.net.shapes_of(bottoms))
        names = []
        for top, axes, shape in zip(node.tops, tops, shapes, strict=True):
            same = View(blob=top, axes=axes).is_plain and shape == self.old.shapes[top]
            names.append(top if same else self._free(f"{top}{MARK}"))
            self.views[top] = View(blob=names[-1], axes=axes)
        name = names[0] if len(names) == 1 else node.name
        weights = node.blobs if blobs is None else tuple(blobs)
        kept = weights == node.blobs
        self.net.append(
            replace(
                node,
                name=name,
                layer=layer,
                bottoms=tuple(bottoms),
                tops=tuple(names),
                blobs=weights,
                param_names=node.param_names if kept else param_names,
            )
        )

    def reshape(self, node: Node, blob: str, shape: Shape, top: str = "") -> str:
        """A new blob under another shape, as `top` if one is named."""
        held = self.net.shapes[blob] if blob in self.net.shapes else self.constants[blob].blobs[0].shape
        if blob in self.constants:
            return self.permute(node, blob, shape, tuple(range(len(shape))))
        if held == shape and not top:
            return blob
        if isinstance((made := self.net.producer(blob)).layer, Parameter) and not self.net.consumers(blob) and not top:
            whole = replace(made, layer=Parameter(shape=shape), blobs=(made.blobs[0].reshaped(shape),))
            self.net.replace(made, [whole])
            return blob
        flat = len(shape) == 2 < len(held) and held[0] == shape[0]
        return self._made(node, blob, shape, (), Flatten() if flat else reshape_to(shape, held), "view", top)

    def permute(self, node: Node, blob: str, shape: Shape, order: tuple[int, ...], top: str = "") -> str:
        """A new blob seen as `shape`, its axes put in this order."""
        if blob in self.constants:
            return self._constant(blob, shape, order)
        if order == tuple(range(len(order))):
            return self.reshape(node, blob, shape)
        seen = self.reshape(node, blob, shape)
        return self._made(node, seen, shape, order, Permute(order=order), "permuted", top)

    def _made(
        self, node: Node, blob: str, shape: Shape, order: tuple[int, ...], layer: Layer, suffix: str, top: str
    ) -> str:
        key = (blob, shape, order)
        if key not in self.made or top:
            name = top or self._free(f"{node.origin.layer}_{suffix}{MARK}")
            self.net.append(Node(name=name, layer=layer, bottoms=(blob,), tops=(name,), origin=node.origin))
            self.made[key] = name
        return self.made[key]

    def _constant(self, name: str, shape: Shape, order: tuple[int, ...]) -> str:
        old = self.constants[name]
        key = (name, shape, order)
        if key not in self.made:
            blob, turned = old.blobs[0], tuple(shape[axis] for axis in order)

            def load() -> Array:
                return np.ascontiguousarray(blob.load().reshape(shape).transpose(order))

            straight = order == tuple(range(len(order)))
            weights = blob.reshaped(shape) if straight else Blob.computed(turned, load, constant=blob.constant)
            free = self._free(f"{name}{MARK}")
            self.net.append(
                replace(old, name=free, layer=Parameter(shape=turned), tops=(free,), blobs=(weights,), param_names=())
            )
            self.made[key] = free
        return self.made[key]

    def _free(self, wanted: str) -> str:
        return self.names.take(wanted)

    # ---- bringing views into the form that a layer needs ------------------------------------------------------------

    def plain(self, node: Node, view: View, shape: Shape | None = None, top: str = "") -> str:
        """A blob of the view's own shape, or another, with its numbers in the order in which they are seen."""
        shape = view.shape if shape is None else shape
        if view.is_plain:
            return self.reshape(node, view.blob, shape, top)
        found = permutation(view.axes, plain_order(view.shape))
        assert found is not None, "the plain order takes every cut"
        factors, order = self._behind_the_batch(view, *found)
        last = top if tuple(factors[axis] for axis in order) == shape else ""
        return self.reshape(node, self.permute(node, view.blob, factors, order, last), shape, "" if last else top)

    def arranged(self, node: Node, view: View, order: Order) -> str:
        """A blob that lies in an order, which the view's dimensions do not cross."""
        found = permutation(view.axes, order)
        assert found is not None, f"{order} crosses the dimensions of {view}"
        identity = found[1] == tuple(range(len(found[1])))
        return self.written(node, view) if identity else self.permute(node, view.blob, *found)

    def _behind_the_batch(self, view: View, shape: Shape, order: tuple[int, ...]) -> tuple[Shape, tuple[int, ...]]:
        """A permutation of the blob behind a view, of which a batch of one stays the first axis."""
        if self._shape(view)[0] != 1 or shape[0] == 1:
            return shape, order
        return (1, *shape), (0, *(axis + 1 for axis in order))

    def exposed(
        self, node: Node, view: View, axes: Sequence[int], *, as_channels: bool = False
    ) -> tuple[str, tuple[int, ...]] | None:
        """A blob without a copy in which each of some axes of a view is an axis, and which; None where that is not so.

        `as_channels`: the one axis is the second of two or four. The batch is the first axis where it can be: several
        readers know no other batch.
        """
        if any(len(view.axes[axis]) != 1 for axis in axes):
            return None
        dims = [view.axes[axis][0] for axis in axes]
        held = self._shape(view)
        steps = [(size, prod(held[place + 1 :])) for place, size in enumerate(held)]
        if all(dim in steps for dim in dims):
            places = tuple(steps.index(dim) for dim in dims)
            if not as_channels or (places == (1,) and len(held) in (2, 4)):
                return self.reshape(node, view.blob, held), places
        shape, rest, at = list[int](), prod(held), dict[tuple[int, int], int]()
        for size, stride in sorted(dims, key=lambda dim: -dim[1]):
            outer = rest // (size * stride)
            if not shape and not as_channels and outer > held[0] and outer % held[0] == 0:
                shape, outer = [held[0]], outer // held[0]
            if outer > 1 or not shape:
                shape.append(outer)
            at[size, stride] = len(shape)
            shape.append(size)
            rest = stride
        shape += [rest] if rest > 1 else []
        shape += [1] if len(shape) == 3 else []
        return self.reshape(node, view.blob, tuple(shape)), tuple(at[dim] for dim in dims)

    def may_be_channels(self, view: View, axes: Sequence[int]) -> bool:
        """Whether some axes are one that others lie behind, and only the batch before, so that it is the second."""
        if len(axes) != 1 or len(view.axes[axes[0]]) != 1:
            return False
        ((size, stride),) = view.axes[axes[0]]
        held = self._shape(view)
        return stride > 1 and prod(held) == held[0] * size * stride

    def written(self, node: Node, view: View) -> str:
        """The blob behind a view, as it lies."""
        return self.reshape(node, view.blob, self._shape(view))

    def _shape(self, view: View) -> Shape:
        return self.constants[view.blob].blobs[0].shape if view.blob in self.constants else self.net.shapes[view.blob]

    def is_constant(self, view: View) -> bool:
        return view.blob in self.constants

    # ---- old and new ------------------------------------------------------------------------------------------------

    def keep(self, node: Node) -> None:
        """Write an old node as it is, on plain blobs."""
        bottoms = [self.plain(node, self.views[bottom]) for bottom in node.bottoms]
        self.emit(node, node.layer, bottoms, [plain(self.old.shapes[top]) for top in node.tops])


Rule = Callable[[Stage, Node], bool]
"""Writes a node in the new net; False where it has to be kept on plain blobs."""
