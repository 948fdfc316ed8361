"""The net: nodes in the order they run, joined by the names of the blobs that they read and write.

Every blob has one producer, also where Caffe will compute it in place: that is a mark on the node (`in_place`), which
the writer turns into a shared name. `values` says which blob holds which value of the source, so that a comparison,
layer by layer, survives every rewrite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from caffe_ir.blob import Blob, Shape
from caffe_ir.errors import ConversionError, Note, NoteKind, Origin, Problem, Problems, ShapeError
from caffe_ir.layer import Layer


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """One layer of a net: its type with parameters, what it reads and writes, its weights, and where it comes from."""

    name: str
    layer: Layer
    bottoms: tuple[str, ...] = ()
    tops: tuple[str, ...] = ()
    blobs: tuple[Blob, ...] = ()
    origin: Origin
    in_place: bool = False
    param_names: tuple[str, ...] = ()
    """Names under which the weights are shared between layers (Caffe's `param { name }`); none where they are not."""

    @property
    def top(self) -> str:
        """The only top."""
        (top,) = self.tops
        return top

    @property
    def bottom(self) -> str:
        """The only bottom."""
        (bottom,) = self.bottoms
        return bottom

    def __str__(self) -> str:
        weights = " ".join(str(list(blob.shape)) for blob in self.blobs)
        arrow = f"{', '.join(self.bottoms)} -> {', '.join(self.tops)}"
        return f"{self.name}: {self.layer} {arrow}{' in place' if self.in_place else ''}{' | ' + weights if weights else ''}"


@dataclass
class Net:
    """A net that can be read, checked and rewritten; `nodes` are in the order in which they run."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    """The shape of every blob; kept true by `append`, `infer` and `replace`."""

    # ---- building -------------------------------------------------------------------------------------------------

    def append(self, node: Node) -> Node:
        """Add a node at the end and infer the shapes of its tops. Raises ConversionError."""
        self.nodes.append(node)
        self.shapes.update(self._inferred(node, self.shapes))
        return node

    def note(self, kind: NoteKind, text: str, origin: Origin | None = None) -> None:
        self.notes.append(Note(kind=kind, text=text, origin=origin))

    # ---- reading --------------------------------------------------------------------------------------------------

    def node(self, name: str) -> Node:
        """The node of that name. Raises KeyError."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def producer(self, blob: str) -> Node:
        """The node that writes a blob. Raises KeyError."""
        for node in self.nodes:
            if blob in node.tops:
                return node
        raise KeyError(blob)

    def consumers(self, blob: str) -> list[Node]:
        return [node for node in self.nodes if blob in node.bottoms]

    def shapes_of(self, blobs: Iterable[str]) -> tuple[Shape, ...]:
        return tuple(self.shapes[blob] for blob in blobs)

    def fresh(self, *wanted: str) -> Iterator[str]:
        """Names for new nodes and blobs: the wanted ones, with a number behind where they are taken already."""
        taken = {name for node in self.nodes for name in (node.name, *node.tops)}
        for name in wanted:
            free, number = name, 2
            while free in taken:
                free, number = f"{name}_{number}", number + 1
            taken.add(free)
            yield free

    def fresh_name(self, wanted: str) -> str:
        """One name of `fresh`."""
        return next(self.fresh(wanted))

    # ---- rewriting ------------------------------------------------------------------------------------------------

    def replace(self, old: Node, new: Sequence[Node]) -> None:
        """Put nodes in the place of one; every blob that was read elsewhere must be written by them, or be unread.

        With no new node the old one is taken for an identity: its readers read its first bottom instead.
        """
        place = self._place(old)
        if not new:
            self.nodes.pop(place)
            for top in old.tops:
                self.redirect(top, old.bottoms[0])
            return
        self.nodes[place : place + 1] = new
        for node in new:
            self.shapes.update(self._inferred(node, self.shapes))

    def redirect(self, blob: str, to: str) -> None:
        """Let every reader of a blob, the outputs and the source's values read another one instead."""
        self.nodes = [
            replace(node, bottoms=tuple(to if bottom == blob else bottom for bottom in node.bottoms))
            if blob in node.bottoms
            else node
            for node in self.nodes
        ]
        self.outputs = [to if output == blob else output for output in self.outputs]
        self.values = {value: to if held == blob else held for value, held in self.values.items()}

    def remove(self, node: Node) -> None:
        """Take out a node that nobody reads; the values of the source that it held are gone with it."""
        self.nodes.pop(self._place(node))
        self.values = {value: held for value, held in self.values.items() if held not in node.tops}

    def update(self, old: Node, new: Node) -> None:
        """Exchange a node for one that writes the same blobs in the same shapes."""
        self.nodes[self._place(old)] = new

    def _place(self, node: Node) -> int:
        return next(place for place, other in enumerate(self.nodes) if other is node)

    # ---- checking -------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Names unique, one producer a blob, readers behind it, outputs written. Raises ConversionError with all faults."""
        problems, written, named = Problems(), set[str](), set[str]()
        for node in self.nodes:
            if node.name in named:
                problems.add(f"two layers are called {node.name}", origin=node.origin)
            named.add(node.name)
            for bottom in node.bottoms:
                if bottom not in written:
                    problems.add(f"{node.name} reads {bottom}, which nothing before it writes", origin=node.origin)
            for top in node.tops:
                if top in written:
                    problems.add(f"{node.name} writes {top} a second time", origin=node.origin)
                written.add(top)
        for blob in (*self.outputs, *self.values.values()):
            if blob not in written:
                problems.add(f"{blob} is wanted but nothing writes it")
        problems.raise_if_any()

    def infer(self) -> dict[str, Shape]:
        """The shape of every blob, worked out afresh from the inputs. Raises ConversionError with every refusal."""
        shapes: dict[str, Shape] = {}
        problems = Problems()
        for node in self.nodes:
            if not all(bottom in shapes for bottom in node.bottoms):
                continue
            try:
                shapes.update(self._inferred(node, shapes))
            except ConversionError as error:
                problems.found.extend(error.problems)
        problems.raise_if_any()
        return shapes

    def _inferred(self, node: Node, shapes: dict[str, Shape]) -> dict[str, Shape]:
        bottoms = tuple(shapes[bottom] for bottom in node.bottoms)
        seen = f"{node.name} ({node.layer}) on {', '.join(map(str, bottoms)) or 'nothing'}"
        try:
            fewest, most = node.layer.bottoms
            if not fewest <= len(bottoms) <= most:
                raise ShapeError(f"it takes {fewest} to {most} bottoms, not {len(bottoms)}")
            tops = node.layer.infer(bottoms)
            wanted = node.layer.blob_shapes(bottoms)
        except ShapeError as error:
            raise ConversionError(Problem(what=f"{seen}: {error}", origin=node.origin)) from None
        held = tuple(blob.shape for blob in node.blobs)
        if held != wanted:
            raise ConversionError(Problem(what=f"{seen}: weights {held} where {wanted} belong", origin=node.origin))
        if len(tops) != len(node.tops):
            raise ConversionError(Problem(what=f"{seen}: {len(tops)} tops, {len(node.tops)} named", origin=node.origin))
        return dict(zip(node.tops, tops, strict=True))

    # ---- showing --------------------------------------------------------------------------------------------------

    def dump(self) -> str:
        """The net as text, a line a node with the shapes of its tops: for people and for golden tests."""
        lines = [f"net {self.name}"]
        for node in self.nodes:
            shapes = " ".join("x".join(map(str, self.shapes[top])) for top in node.tops)
            lines.append(f"  {node}  [{shapes}]")
        lines.append(f"  outputs {', '.join(self.outputs)}")
        return "\n".join(lines) + "\n"
