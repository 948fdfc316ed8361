"""What holds for the nodes of every net: names are unique, somebody writes each blob, Caffe can infer each top."""

from __future__ import annotations

from collections.abc import Iterable

from caffe_ir.error_kinds.caffe import BLOB_NAMES, LAYER_REFUSED
from caffe_ir.errors import ConversionError, Problem, Problems, ShapeError
from caffe_ir.layer import Shapes
from caffe_ir.node import Node
from caffe_ir.shared_memory import SharedMemory


def check_names(nodes: Iterable[Node], wanted: Iterable[str]) -> None:
    """Names unique, one producer a blob, readers behind it, wanted blobs written; weights that are written at run time
    too. Raises ConversionError.
    """
    problems, written, named = Problems(), set[str](), set[str]()
    memory = SharedMemory()
    for node in nodes:
        if node.name in named:
            problems.add(f"two layers are called {node.name}", origin=node.origin, kind=BLOB_NAMES)
        named.add(node.name)
        for bottom in node.bottoms:
            if bottom not in written:
                what = f"{node.name} reads {bottom}, which nothing before it writes"
                problems.add(what, origin=node.origin, kind=BLOB_NAMES)
        for top in node.tops:
            if top in written:
                problems.add(f"{node.name} writes {top} a second time", origin=node.origin, kind=BLOB_NAMES)
            written.add(top)
        if node.param_names or memory.names:
            unwritten = memory.unwritten(node)
            memory.step(node)
            if unwritten:
                what = f"{node.name} takes {', '.join(unwritten)} for weights, which nothing before it writes"
                problems.add(what, origin=node.origin, kind=BLOB_NAMES)
    for blob in wanted:
        if blob not in written:
            problems.add(f"{blob} is needed, but nothing writes it", kind=BLOB_NAMES)
    problems.raise_if_any()


def tops_of(node: Node, bottoms: Shapes) -> Shapes:
    """The shapes of a node's tops on bottoms of these shapes. Raises ConversionError where its layer refuses them."""
    try:
        fewest, most = node.layer.bottoms
        if not fewest <= len(bottoms) <= most:
            raise ShapeError(f"it takes {fewest} to {most} bottoms, not {len(bottoms)}")
        tops = node.layer.infer(bottoms)
        wanted, held = node.layer.blob_shapes(bottoms), tuple(blob.shape for blob in node.blobs)
        at_run_time = not held and len(wanted) == len(node.param_names)
        if held != wanted and not at_run_time:
            raise ShapeError(f"weights {held} where {wanted} belong")
        if len(tops) != len(node.tops):
            raise ShapeError(f"{len(node.tops)} tops are named, where it has {len(tops)}")
    except ShapeError as error:
        read = f" on {', '.join(map(str, bottoms))}" if bottoms else ""
        seen = f"{node.name} ({node.layer}){read}"
        raise ConversionError(Problem(kind=LAYER_REFUSED, what=f"{seen}: {error}", origin=node.origin)) from None
    return tops
