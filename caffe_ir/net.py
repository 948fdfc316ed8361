"""The net: nodes in the order they run, joined by the names of the blobs that they read and write.

Every blob has one producer, also where Caffe will compute it in place: that is a mark on the node (`in_place`), which
the writer turns into a shared name. `values` says which blob holds which value of the source, so that a comparison,
layer by layer, survives every rewrite.

A rewrite costs what it changes, not what the net is long: names, readers and values are looked up, not searched for.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from caffe_ir.blob import Shape, shape_text
from caffe_ir.errors import ConversionError, Note, NoteKind, Origin, Problems
from caffe_ir.free_names import free_name
from caffe_ir.net_checks import check_names, tops_of
from caffe_ir.net_index import NetIndex
from caffe_ir.node import Node
from caffe_ir.output_places import OutputPlaces
from caffe_ir.picture_input import PictureInput
from caffe_ir.tensors_behind import TensorsBehind
from caffe_ir.values import Values


@dataclass
class Net:
    """A net that can be read, checked and rewritten; `nodes` are in the order in which they run.

    `nodes` is for reading; it is changed by the methods, which keep account of names and readers. `outputs` may be
    exchanged as a whole or added to.
    """

    name: str
    nodes: list[Node] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    values: Values = field(default_factory=Values)
    notes: list[Note] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    """The shape of every blob; kept true by `append` and `replace`."""
    behind: TensorsBehind = field(default_factory=TensorsBehind)
    """The tensors of the source's checkpoint, where it has one."""
    picture: PictureInput | None = None
    """What a picture goes through before it is the input of the source, where that is known."""
    taken: PictureInput | None = None
    """What of that the net does itself, so that its input is another than the source's."""

    def __post_init__(self) -> None:
        self._index = NetIndex(self.nodes)
        self._given = OutputPlaces([])

    def copy(self) -> Net:
        """A net that can be rewritten while this one stays as it is; nodes and weights are shared."""
        return Net(
            name=self.name,
            nodes=list(self.nodes),
            outputs=list(self.outputs),
            values=Values(self.values),
            notes=list(self.notes),
            shapes=dict(self.shapes),
            behind=self.behind,
            picture=self.picture,
            taken=self.taken,
        )

    # ---- building -------------------------------------------------------------------------------------------------

    def append(self, node: Node) -> Node:
        """Add a node at the end and infer the shapes of its tops. Raises ConversionError."""
        self.nodes.append(node)
        self._index.add(node)
        self.shapes.update(self._inferred(node, self.shapes))
        return node

    def note(self, kind: NoteKind, text: str, origin: Origin | None = None) -> None:
        """Keep what was assumed, rewritten, folded or dropped, for who reads the net's notes."""
        self.notes.append(Note(kind=kind, text=text, origin=origin))

    # ---- reading --------------------------------------------------------------------------------------------------

    def node(self, name: str) -> Node:
        """The node of that name. Raises KeyError."""
        return self._index.named[name]

    def has(self, name: str) -> bool:
        """Whether a node of that name is in the net."""
        return name in self._index.named

    def writes(self, blob: str) -> bool:
        """Whether a node of the net writes a blob of that name."""
        return blob in self._index.writers

    def producer(self, blob: str) -> Node:
        """The node that writes a blob. Raises KeyError."""
        return self._index.writers[blob]

    def consumers(self, blob: str) -> list[Node]:
        """The nodes that read a blob, in the order of the net."""
        readers = list(self._index.readers.get(blob, ()))
        return readers if len(readers) < 2 else sorted(readers, key=self.place)

    def reads(self, blob: str) -> int:
        """How many nodes read a blob."""
        return len(self._index.readers.get(blob, ()))

    def is_output(self, blob: str) -> bool:
        """Whether the net gives a blob."""
        return blob in self._outputs().places

    def is_wanted(self, blob: str) -> bool:
        """Whether a node reads a blob, or the net gives it."""
        return bool(self.reads(blob)) or self.is_output(blob)

    def is_read_once(self, blob: str) -> bool:
        """Whether one node reads a blob, and the net does not give it."""
        return self.reads(blob) == 1 and not self.is_output(blob)

    def place(self, node: Node) -> int:
        """Where in `nodes` a node stands. Raises ValueError."""
        return self._index.place(self.nodes, node)

    def shapes_of(self, blobs: Iterable[str]) -> tuple[Shape, ...]:
        """The shapes of blobs by their names, in that order. Raises KeyError."""
        return tuple(self.shapes[blob] for blob in blobs)

    @property
    def images(self) -> int:
        """How many images it takes at once: the first axis of its first input; 1 where there is none."""
        given = (self.shapes[top] for node in self.nodes if node.layer.type_name() == "Input" for top in node.tops)
        return next((shape[0] for shape in given if shape), 1)

    def can_end_at(self, blob: str) -> bool:
        """Whether every engine takes a blob for an output as it is: the only top of a layer, read by none, no input."""
        producer = self.producer(blob)
        given = producer.layer.type_name() == "Input"
        return not given and len(producer.tops) == 1 and not self.reads(blob)

    def fresh_name(self, wanted: str, beside: Container[str] = ()) -> str:
        """A name for a new node or blob, as `free_name` has it; it is not one of those in `beside` either."""
        return free_name(wanted, lambda name: name in beside or self.has_name(name))

    def has_name(self, name: str) -> bool:
        """Whether a node or a blob is called so."""
        return self.has(name) or self.writes(name)

    # ---- rewriting ------------------------------------------------------------------------------------------------

    def replace(self, old: Node, new: Sequence[Node]) -> None:
        """Put nodes in the place of one; every blob that was read elsewhere must be written by them, or be unread.

        With no new node the old one is taken for an identity: its readers read its first bottom instead.
        """
        place = self.place(old)
        self.nodes[place : place + 1] = new
        self._index.drop(old)
        if not new:
            for top in old.tops:
                self.redirect(top, old.bottoms[0])
            return
        for node in new:
            self._index.add(node)
        for node in new:
            self.shapes.update(self._inferred(node, self.shapes))

    def redirect(self, blob: str, to: str) -> None:
        """Let every reader of a blob, the outputs and the source's values read another one instead."""
        for node in self.consumers(blob):
            bottoms = tuple(to if bottom == blob else bottom for bottom in node.bottoms)
            self.update(node, replace(node, bottoms=bottoms))
        self._outputs().move(blob, to)
        self.values.move(blob, to)

    def give(self, blob: str, instead_of: str) -> None:
        """Let the net give a blob in the place of an output, and once where it gives it already."""
        if self.is_output(blob) and self.is_output(instead_of):
            self.outputs = list(dict.fromkeys(blob if output == instead_of else output for output in self.outputs))
        else:
            self._outputs().move(instead_of, blob)

    def rename(self, blob: str, name: str) -> None:
        """Call a blob by a free name everywhere, and its layer too where that makes nothing else."""
        node = self.producer(blob)
        tops = tuple(name if top == blob else top for top in node.tops)
        self.call(node, tops, name if len(tops) == 1 else node.name)

    def call(self, node: Node, tops: Sequence[str], name: str) -> None:
        """Give a node and its tops other names everywhere; those that are new are free."""
        self.update(node, replace(node, name=name, tops=tuple(tops)))
        for old, new in zip(node.tops, tops, strict=True):
            if old != new:
                self.shapes[new] = self.shapes.pop(old)
                self.redirect(old, new)

    def remove(self, node: Node) -> None:
        """Take out a node that nobody reads; the values of the source in it are gone with it."""
        del self.nodes[self.place(node)]
        self._index.drop(node)
        self.values.forget(node.tops)

    def update(self, old: Node, new: Node) -> None:
        """Exchange a node for one that writes the same blobs in the same shapes."""
        self.nodes[self.place(old)] = new
        self._index.drop(old)
        self._index.add(new)

    def _outputs(self) -> OutputPlaces:
        """Where the outputs stand; looked up anew where others were put in their place, or added."""
        if self._given.outputs is not self.outputs or self._given.count != len(self.outputs):
            self._given = OutputPlaces(self.outputs)
        return self._given

    # ---- checking -------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Names unique, one producer a blob, readers behind it, outputs written. Raises ConversionError."""
        check_names(self.nodes, (*self.outputs, *self.values.values()))

    def infer(self) -> dict[str, Shape]:
        """The shape of every blob, worked out from the inputs. Raises ConversionError with every refusal."""
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
        known = self._index.inferred.get(node)
        if known is None or known[0] != bottoms:
            known = self._index.inferred[node] = bottoms, tops_of(node, bottoms)
        return dict(zip(node.tops, known[1], strict=True))

    # ---- showing --------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """One line, with the inputs and outputs; `print(net.dump())` shows the whole."""
        inputs = [top for node in self.nodes if node.layer.type_name() == "Input" for top in node.tops]
        return f"<Net {self.name}: {len(self.nodes)} layers, {self._sized(inputs)} -> {self._sized(self.outputs)}>"

    def _repr_html_(self) -> str:
        """The layers in a table, for notebooks; `caffe_ir.summary` has what they cost."""
        from caffe_ir.html_table import net_table  # the names of all HTML entities, which no conversion needs

        return net_table(repr(self)[1:-1], self.nodes, self.shapes)

    def _sized(self, blobs: Iterable[str]) -> str:
        shapes = {blob: shape_text(self.shapes.get(blob, ())) for blob in blobs}
        return ", ".join(f"{blob} {shape}".rstrip() for blob, shape in shapes.items()) or "nothing"

    def dump(self) -> str:
        """The net as text, a line a node with the shapes of its tops: for people and for golden tests."""
        lines = [f"net {self.name}"]
        for node in self.nodes:
            shapes = " ".join(shape_text(self.shapes[top]) for top in node.tops)
            lines.append(f"  {node}  [{shapes}]")
        lines.append(f"  outputs {', '.join(self.outputs)}")
        return "\n".join(lines) + "\n"
