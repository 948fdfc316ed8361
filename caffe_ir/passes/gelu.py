"""Gelu -> x Sigmoid(x P), P a product of five quadratics in y = 1.129.. / (1 + x^2 / 20).

Phi(x) = s(g(x)) with s the sigmoid and g = log Phi(x) - log Phi(-x), which is odd and analytic: g = x P(x^2). In y,
which takes all of x into (0, 1.13], P is so smooth that ten degrees suffice. An error of P counts x^2 Phi(x) Phi(-x)
times (the derivative of x s(x P)), and with that weight the coefficients are those of the least largest error (Lawson's
iteration on 4000 nodes in |x| < 8, against log_ndtr of scipy): 2.4e-11 at most, for any x. As a product of
(y + a)^2 + b, all between 0.2 and 7, it loses no digits: in float32 it is off by 5e-7 in |x| < 12. No layer but
Power, Sigmoid and Eltwise PROD, which every engine has.
"""

from __future__ import annotations

from caffe_ir.layers import Eltwise, Power, Sigmoid
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.passes.replacement import Replacement
from caffe_ir.source_layers import Gelu

WIDTH = 20.0
SCALE = 1.1290056973294451
QUADRATICS = (
    (-0.017657226567330174, 0.21837379842763502),
    (-0.4681734746072863, 0.714409814056998),
    (-1.2029386137164007, 0.6804164251241961),
    (-1.744309763583235, 0.3616846456613145),
    (-2.637586198524078, -0.3973643480850219),
)
PRODUCT = Eltwise(operation="PROD")


def _rewrite(net: Net, node: Node, context: Context) -> None:
    if context.target.holds(node.layer):
        return
    new, x = Replacement(net=net, old=node), node.bottom
    y = new.add("y", Power(power=-1.0, scale=1 / (WIDTH * SCALE), shift=1 / SCALE), new.add("x2", Power(power=2.0), x))
    slope = x
    for place, (a, b) in enumerate(QUADRATICS):
        square = new.add(f"square{place}", Power(power=2.0, shift=a), y)
        factor = new.add(f"factor{place}", Power(shift=b), square)
        slope = new.add(f"slope{place}", PRODUCT, factor, slope)
    new.add("product", PRODUCT, new.add("phi", Sigmoid(), slope), x)
    new.finish()
    net.note("lowered", f"Gelu -> {len(new.nodes)} layers, off by 2.4e-11 at most before rounding", node.origin)


GELU = Pass(name="gelu", visits=(Gelu,), rewrite=_rewrite)
