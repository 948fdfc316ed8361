"""What a rewrite builds: the nodes that take the place of one, with names and origins that lead back to the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Blob, Shape
from caffe_ir.errors import Note, NoteKind
from caffe_ir.free_names import FreeNames
from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import Eltwise, Parameter, Silence, reshape_to
from caffe_ir.net import Net
from caffe_ir.node import Node


class Replacement(Struct, kw_only=True):
    """Collects nodes for the place of `old`; `finish` gives the last of them its name and its top."""

    net: Net
    old: Node
    nodes: list[Node] = field(default_factory=list)
    free_names: FreeNames = field(default_factory=FreeNames)
    shapes: dict[str, Shape] = field(default_factory=dict)
    """Of blobs that the net does not know: those of the nodes that were added, as far as anybody asked for them."""
    inferred: int = 0
    """So many of the nodes have their shapes there."""
    held: dict[str, str] = field(default_factory=dict)
    """Which new blob holds which top of the old node, where that is not the last node's only top."""
    notes: list[Note] = field(default_factory=list)
    """What to say of this rewrite instead of naming the layers that it made."""

    def add(
        self, suffix: str, layer: Layer, *bottoms: str, blobs: Sequence[Blob] = (), param_names: tuple[str, ...] = ()
    ) -> str:
        """A new node, named after the source's layer; gives its top."""
        return self.split(suffix, layer, *bottoms, blobs=blobs, tops=1, param_names=param_names)[0]

    def split(
        self,
        suffix: str,
        layer: Layer,
        *bottoms: str,
        blobs: Sequence[Blob] = (),
        tops: int,
        param_names: tuple[str, ...] = (),
    ) -> list[str]:
        """A new node with so many tops; gives them."""
        wanted = f"{self.old.origin.layer}_{suffix}"
        name = self.free(wanted)
        written = [name] if tops == 1 else [self.free(f"{wanted}_{place}") for place in range(tops)]
        node = Node(
            name=name,
            layer=layer,
            bottoms=bottoms,
            tops=tuple(written),
            blobs=tuple(blobs),
            origin=self.old.origin,
            param_names=param_names,
        )
        self.nodes.append(node)
        return written

    def weights(self, blob: str, shape: Shape) -> str:
        """Let a blob be weights of this shape, from here on; gives the name under which layers share them.

        Why Caffe computes this: caffe_ir/shared_memory.py.
        """
        shared = {name for node in self.net.nodes for name in node.param_names}
        name = self.free(f"{self.old.origin.layer}_weights")
        while name in shared:
            name = self.free(name)
        values = self.view("values", blob, shape)
        parameter = Node(
            name=name, layer=Parameter(shape=shape), tops=(name,), origin=self.old.origin, param_names=(name,)
        )
        self.nodes.append(parameter)
        copied = self.add("weights_written", Eltwise(operation="SUM", coeff=(0.0, 1.0)), name, values)
        self.nodes[-1] = replace(self.nodes[-1], in_place=True)
        self.split("weights_end", Silence(), copied, tops=0)
        return name

    def view(self, suffix: str, blob: str, shape: Shape) -> str:
        """The blob in another shape, by a Reshape; the blob itself where it has that."""
        held = self.shape_of(blob)
        return blob if held == shape else self.add(suffix, reshape_to(shape, held), blob)

    def free(self, wanted: str) -> str:
        """The wanted name, with a number where it is taken; nobody else gets it."""
        return self.free_names.take(wanted, self.net.has_name)

    def shape_of(self, blob: str) -> Shape:
        """The shape of a blob of the net or of the nodes added so far. Raises ShapeError where a layer refuses."""
        self.infer()
        return self._known(blob)

    def shapes_of(self, blobs: Iterable[str]) -> Shapes:
        """The shapes of several blobs, as `shape_of` has them."""
        self.infer()
        return tuple(map(self._known, blobs))

    def infer(self) -> None:
        """The shapes of what the nodes added so far write. Raises ShapeError where a layer refuses its bottoms."""
        while self.inferred < len(self.nodes):
            node = self.nodes[self.inferred]
            if node.tops:
                bottoms = tuple(map(self._known, node.bottoms))
                self.shapes.update(zip(node.tops, node.layer.infer(bottoms), strict=True))
            self.inferred += 1

    def _known(self, blob: str) -> Shape:
        return self.shapes[blob] if blob in self.shapes else self.net.shapes[blob]

    def note(self, text: str, kind: NoteKind = "lowered") -> None:
        """Say this of the rewrite."""
        self.notes.append(Note(kind=kind, text=text, origin=self.old.origin))

    def finish(self) -> None:
        """Put the nodes in the place of the old one: what the last of them writes is what the old one wrote."""
        self.nodes[-1] = replace(self.nodes[-1], name=self.old.name, tops=self.old.tops)
        self.net.replace(self.old, self.nodes)

    def commit(self) -> None:
        """Put the nodes in the place of the old one, whose tops are where `held` says, or are the last node's.

        With no node the old one changes nothing, and its readers read its bottom.
        """
        if self.held:
            self.net.values.forget(set(self.old.tops) - self.held.keys())
        for top, blob in self.held.items():
            if top != blob and self.nodes:
                self.net.redirect(top, blob)
        if not self.held and self.nodes:
            self.nodes[-1] = replace(self.nodes[-1], name=self.old.name, tops=self.old.tops)
        self.net.replace(self.old, self.nodes)

    def finish_tops(self, held: Mapping[str, str]) -> None:
        """Put the nodes in the place of an old one with several tops: `held` says which new blob holds which of them.

        The old tops that `held` leaves out must be unread; they are not values of the source any more.
        """
        called: dict[str, str] = {}
        for top, blob in held.items():
            called.setdefault(blob, top)
        self.nodes = [_renamed(node, called) for node in self.nodes]
        self.net.values.forget(set(self.old.tops) - held.keys())
        self.net.replace(self.old, self.nodes)
        for top, blob in held.items():
            if called[blob] != top:  # two tops with the same numbers
                self.net.redirect(top, called[blob])


def _renamed(node: Node, called: Mapping[str, str]) -> Node:
    """The node with other names for some blobs; one with a single top is called like it."""
    if not any(blob in called for blob in (*node.bottoms, *node.tops)):
        return node
    bottoms, tops = (tuple(called.get(blob, blob) for blob in blobs) for blobs in (node.bottoms, node.tops))
    return replace(node, name=tops[0] if len(tops) == 1 else node.name, bottoms=bottoms, tops=tops)
