"""Div(x, (k + alpha mean of x^2 over n channels)^beta), as torch takes local_response_norm apart -> LRN.

Recognised is what the source's function leaves, and nothing wider: x^2, the channels as a plane's rows with n // 2
zeros on both sides, a mean over n rows, three Power, Div. Caffe divides alpha by n as the mean does (lrn_layer.cpp),
for odd n only. Many programs take k for 1, so k goes out of the bracket: (k + a s)^-b = k^-b (1 + a / k s)^-b.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import LRN, Eltwise, Power, Reshape
from caffe_ir.layers.source import Div, Pad, WindowPool
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

SQUARE = Eltwise(operation="PROD")


def _rewrite(net: Net, node: Node, context: Context) -> None:
    x, divisor = node.bottoms
    chain = _chain(net, divisor)
    layer = _recognised(net, x, chain)
    if layer is None or len(net.shapes[x]) != 4:
        return
    new = Replacement(net=net, old=node)
    top = new.add("lrn", replace(layer, k=1.0, alpha=layer.alpha / layer.k), x)
    if layer.k != 1:
        new.add("factor", Power(scale=layer.k**-layer.beta), top)
    new.finish()
    for old in reversed(chain):
        if not net.is_wanted(old.top):
            net.remove(old)
    net.note("folded", f"local_response_norm in {len(chain) + 1} steps is one LRN", node.origin)


def _chain(net: Net, blob: str) -> list[Node]:
    """The layers of one bottom that lead to a blob, and the Eltwise before them, in the order in which they run."""
    chain = [net.producer(blob)]
    while len(chain[0].bottoms) == 1:
        chain.insert(0, net.producer(chain[0].bottom))
    return chain


def _recognised(net: Net, x: str, chain: list[Node]) -> LRN | None:
    first, *rest = [node for node in chain if not _is_view(node)]
    if first.layer != SQUARE or first.bottoms != (x, x) or len(rest) != 5:
        return None
    pad, pool, scale, shift, power = (node.layer for node in rest)
    size = _window(pad, pool, net.shapes[x], net.shapes[rest[0].bottom])
    if not size or not (isinstance(scale, Power) and isinstance(shift, Power) and isinstance(power, Power)):
        return None
    plain = (scale, shift, power) == (Power(scale=scale.scale), Power(shift=shift.shift), Power(power=power.power))
    if not plain or shift.shift <= 0:
        return None
    return LRN(local_size=size, alpha=scale.scale, beta=power.power, k=shift.shift)


def _is_view(node: Node) -> bool:
    cells = isinstance(node.layer, WindowPool) and node.layer.kernel_size == node.layer.stride == (1, 1)
    return isinstance(node.layer, Reshape) or cells


def _window(pad: object, pool: object, shape: tuple[int, ...], view: tuple[int, ...]) -> int:
    """How many channels the mean is taken over; 0 where that is not what the two layers do."""
    if not isinstance(pad, Pad) or not isinstance(pool, WindowPool) or view[:3] != (shape[0], 1, shape[1]):
        return 0
    size = pool.kernel_size[0]
    margins = tuple(size // 2 if axis == 2 else 0 for axis in range(len(view)))
    padded = pad == Pad(before=margins, after=margins)
    columns = pool.output_size[1]
    mean = replace(pool, divisor="valid") == WindowPool(
        pool="AVE", kernel_size=(size, 1), stride=(1, 1), output_size=(shape[1], columns)
    )
    return size if padded and mean and size % 2 and pool.divisor in ("padded", "valid") else 0


LRN_CHAIN = Pass(name="lrn_chain", visits=(Div,), rewrite=_rewrite)
