"""A picture of a net as SVG: a box for each layer of the source, or for each module where there are many.

Boxes stand in rows, each below all that it reads; colours are the page's (classes `box` and `wrong`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from html import escape
from itertools import groupby

from msgspec import Struct

from caffe_ir.blob import shape_text
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.visible import visible

MOST = 80
"""Boxes; of a larger net modules are folded into one, the innermost first."""
WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 190, 36, 34, 22, 10
"""Pixels of a box, between boxes, and around the whole."""
SHOWN = 27
"""Characters of a name that fit into a box."""


class Box(Struct, frozen=True, kw_only=True):
    """Nodes that are drawn as one, where they stand, and which boxes they read."""

    name: str
    nodes: tuple[Node, ...]
    above: tuple[int, ...]
    row: int
    column: int

    @property
    def left(self) -> int:
        return MARGIN + self.column * (WIDTH + ACROSS)

    @property
    def upper(self) -> int:
        return MARGIN + self.row * (HEIGHT + DOWN)


def diagram(net: Net, wrong: Collection[str] = ()) -> str:
    """The picture; boxes with a layer of a name in `wrong` have the class `wrong`."""
    boxes = placed(net)
    width = max((box.left for box in boxes), default=0) + WIDTH + MARGIN
    height = max((box.upper for box in boxes), default=0) + HEIGHT + MARGIN
    lines = [_line(boxes[above], box) for box in boxes for above in box.above]
    drawn = [
        _drawn(net, box, _id(place), any(node.name in wrong for node in box.nodes)) for place, box in enumerate(boxes)
    ]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    title = f"<title>{escape(visible(net.name))}</title>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>{title}{"".join((*lines, *drawn))}</svg>'


def places(net: Net) -> dict[str, str]:
    """For each layer of the net the id of its box in the picture."""
    return {node.name: _id(place) for place, box in enumerate(placed(net)) for node in box.nodes}


# ---- which nodes are one box -----------------------------------------------------------------------------------------


def folded(net: Net) -> list[tuple[str, tuple[Node, ...]]]:
    """Runs of nodes with the name of what they belong to: at most MOST where their modules' names allow it.

    A run is of nodes one behind the other, so what is between two runs of a module cannot make a circle.
    """
    paths = [(node.origin.layer or node.name).split(".") for node in net.nodes]
    depth = max(map(len, paths), default=1)
    runs = _runs(net, paths, depth)
    while len(runs) > MOST and depth > 1:
        depth -= 1
        runs = _runs(net, paths, depth)
    return runs if len(runs) <= MOST else _chains(net, runs)


def _runs(net: Net, paths: Sequence[list[str]], depth: int) -> list[tuple[str, tuple[Node, ...]]]:
    named = zip((".".join(path[:depth]) for path in paths), net.nodes, strict=True)
    return [(name, tuple(node for _, node in run)) for name, run in groupby(named, key=lambda one: one[0])]


def _chains(net: Net, runs: Sequence[tuple[str, tuple[Node, ...]]]) -> list[tuple[str, tuple[Node, ...]]]:
    """The same with each run joined to the one before it, where it reads nothing else and nothing else reads that."""
    joined: list[tuple[str, str, list[Node]]] = []
    last: tuple[Node, ...] = ()
    for name, nodes in runs:
        if last and _continues(net, last, nodes):
            first, _, chain = joined.pop()
            chain += nodes
            joined.append((first, name, chain))
        else:
            joined.append((name, name, list(nodes)))
        last = nodes
    return [(first if first == end else f"{first} ... {end}", tuple(nodes)) for first, end, nodes in joined]


def _continues(net: Net, last: Sequence[Node], nodes: Sequence[Node]) -> bool:
    made, inside = ({top for node in each for top in node.tops} for each in (last, nodes))
    reads = {bottom for node in nodes for bottom in node.bottoms} - inside
    readers = {reader for top in made for reader in net.consumers(top)}
    return bool(reads) and reads <= made and readers <= {*last, *nodes} and not any(map(net.is_output, made))


# ---- where they stand ------------------------------------------------------------------------------------------------


def placed(net: Net) -> list[Box]:
    """The boxes in the order of the net: a row below the lowest that it reads, in the column of the first if free."""
    boxes: list[Box] = []
    taken = set[tuple[int, int]]()
    home = dict[str, int]()
    for place, (name, nodes) in enumerate(folded(net)):
        above = tuple(dict.fromkeys(home[bottom] for node in nodes for bottom in node.bottoms if bottom in home))
        row = max((boxes[one].row + 1 for one in above), default=0)
        column = min((boxes[one].column for one in above), default=0)
        while (row, column) in taken:
            column += 1
        taken.add((row, column))
        boxes.append(Box(name=name, nodes=nodes, above=above, row=row, column=column))
        home.update((top, place) for node in nodes for top in node.tops)
    return boxes


# ---- how they are drawn ----------------------------------------------------------------------------------------------


def _line(above: Box, box: Box) -> str:
    """From the lower edge of one to the upper edge of the other; around what stands between them in one column."""
    x, y = above.left + WIDTH // 2, above.upper + HEIGHT
    to_x, to_y = box.left + WIDTH // 2, box.upper
    if box.row - above.row > 1 and box.column == above.column:
        right = above.left + WIDTH
        bend = right + ACROSS // 2
        y, to_y = above.upper + HEIGHT // 2, box.upper + HEIGHT // 2
        return f'<path class="edge" d="M{right} {y}C{bend + 8} {y} {bend + 8} {to_y} {right} {to_y}"/>'
    middle = DOWN // 2 + (to_y - y - DOWN)
    return f'<path class="edge" d="M{x} {y}C{x} {y + middle} {to_x} {to_y - middle} {to_x} {to_y}"/>'


def _id(place: int) -> str:
    return f"box-{place}"


def _drawn(net: Net, box: Box, anchor: str, is_wrong: bool) -> str:
    full = "\n".join(f"{node.name}: {node.layer.type_name()}" for node in box.nodes)
    name = box.name if len(box.name) <= SHOWN else f"...{box.name[3 - SHOWN :]}"
    middle = box.left + WIDTH // 2
    return (
        f'<g id="{anchor}" class="box{" wrong" if is_wrong else ""}"><title>{_text(full)}</title>'
        f'<rect x="{box.left}" y="{box.upper}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
        f'<text x="{middle}" y="{box.upper + 15}">{_text(name)}</text>'
        f'<text class="kind" x="{middle}" y="{box.upper + 29}">{_text(" ".join(_kinds(net, box)))}</text></g>'
    )


def _kinds(net: Net, box: Box) -> Iterator[str]:
    """The type of most of its nodes with weights, how many others there are, and the shape that it gives."""
    weighty = [node for node in box.nodes if node.blobs] or box.nodes
    (kind, _), *_ = Counter(node.layer.type_name() for node in weighty).most_common(1)
    yield kind if len(box.nodes) == 1 else f"{kind} +{len(box.nodes) - 1}"
    if box.nodes[-1].tops:
        yield shape_text(net.shapes[box.nodes[-1].tops[0]])


def _text(text: str) -> str:
    return escape(visible(text, keep="\n"))
