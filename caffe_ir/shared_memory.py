"""Weights that a layer writes at run time, by memory that it shares with them.

    layer { name: "w" type: "Parameter" top: "w" param { name: "w" } ... }
    layer { type: "Eltwise" bottom: "w" bottom: "x" top: "w" eltwise_param { operation: SUM coeff: 0 coeff: 1 } }
    layer { type: "Silence" bottom: "w" }
    layer { type: "Convolution" bottom: "data" top: "y" param { name: "w" } ... }

y is `data` convolved with x. In BVLC Caffe 1.0:

- Weights of one name are one memory: the later layer's blob takes the data of the first one's, which must have the same
  shape, or as many numbers where the later layer says `share_mode: PERMISSIVE` (net.cpp, AppendParam and ShareWeights).
- The top of a Parameter is its weights: at every run it takes their data (parameter_layer.hpp, Forward_cpu).
- A layer in place has the same blob for top and bottom, so it writes these weights; no Split comes between, since it is
  the only reader of what it overwrites (insert_splits.cpp).
- Layers run in the order of the file (net.cpp, ForwardFromTo), so a layer behind it takes what it wrote.
- Eltwise SUM sets its top to 0 before it adds (eltwise_layer.cpp, Forward_cpu and .cu): in place the first bottom is
  lost, which the coefficient 0 says too, and what was there at the end of the run before counts for nothing.
- A layer that the caffemodel does not name keeps its weights as they were made (net.cpp, CopyTrainedLayersFrom).

Run in a build of the tag by whoever has one: right, and again right after further inputs.
"""

from __future__ import annotations

from typing import Protocol

from caffe_ir.layer import Layer


class Placed(Protocol):
    """What is asked of a node of a net."""

    @property
    def layer(self) -> Layer: ...
    @property
    def bottoms(self) -> tuple[str, ...]: ...
    @property
    def tops(self) -> tuple[str, ...]: ...
    @property
    def in_place(self) -> bool: ...
    @property
    def param_names(self) -> tuple[str, ...]: ...
    @property
    def blobs(self) -> tuple[object, ...]: ...


class SharedMemory:
    """Which blobs of a net lie in the memory of weights that have a name; `step` goes through its nodes in order.

    `names` has, for each such blob, the name; `written` are the names that a layer has written in place so far.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.written: set[str] = set()

    def step(self, node: Placed) -> None:
        """Go on to the next node."""
        if node.layer.type_name() == "Parameter":
            self.names.update(zip(node.tops, node.param_names, strict=False))
        elif node.bottoms and node.bottoms[0] in self.names and (node.in_place or node.layer.is_view):
            name = self.names[node.bottoms[0]]
            self.names.update(dict.fromkeys(node.tops, name))
            if node.in_place:
                self.written.add(name)

    def unwritten(self, node: Placed) -> list[str]:
        """The weights that no file holds and that nothing has written when a node needs them."""
        if node.blobs or node.layer.type_name() == "Parameter":
            return []
        return [name for name in node.param_names if name not in self.written]
