"""Gelu -> x Sigmoid(x P) and Erf -> TanH(x P / sqrt 2), P from a few layers that compute a function of x^2.

Phi(x) = s(g(x)) with s the sigmoid and g = log Phi(x) - log Phi(-x), which is odd and analytic: g = x P(x^2). And
erf(x) = 2 Phi(z) - 1 = tanh(g(z) / 2) with z = x sqrt 2, near 0 right relative to itself. An error of P counts
x^2 Phi(x) Phi(-x) times in Gelu (the derivative of x s(x P)) and 2 x Phi(x) Phi(-x) times in erf.

Four powers, for Gelu in 8 layers: with u = x^2

    v1 = (0.909 + 0.110 u)^-2.38    v2 = (1.050 + 0.124 u)^2.87    P = v1 v2 (0.740 + v1)^1.17 (0.651 + v1)^-1.09

No power is of a difference, and each takes one layer, which has three numbers to choose: nine that count in all. Of the
shapes of this size that were tried (a few hundred: which layer reads which, which of them are multiplied, sums among
them) it is the best. The numbers make x^2 Phi(x) Phi(-x) |error of P| least (Levenberg and Marquardt's method, then
Lawson's weights, on 600 nodes in |x| < 8.8, against log_ndtr of scipy): 9.4e-10. Rounded one by one to float32, as a
prototxt has them, they would be off by 1.1e-8. So they are chosen such that the float32 numbers next to them are good
together: v1 may be scaled by any factor that the others take back, and for each of 10,000 such factors Babai's nearest
plane (as Brisebarre and Chevillard, 2007, "Efficient polynomial L-infinity-approximations") gives float32 numbers
whose errors cancel; of these the ones that are good by their shortest decimals too, as readers in float64 take them.
Gelu is off by 9.8e-10 at most for any x, by 1.8e-9 as written, and by 4e-11 of itself near 0; in float32 by 6e-7 for
|x| < 12, and not at all beyond. There it holds up to |x| = 1e8: v2 is infinite from 1.4e7 on, and v1 below the smallest
normal number from 2.8e8 on, which some machines take for 0.

A product of five factors in y = 1 / (1 + x^2 / 21.653), in 18 layers and for erf in 17: in y, which takes all of x into
(0, 1], P is so smooth that six zeros and three poles suffice, less a constant:

    P = 0.192 (3.469 - y) (1 + 0.230 / (y + 0.052)) ((y - 0.921)^2 + 0.405) ((y - 1.304)^2 + 2.646)
        / ((y - 0.883)^2 + 0.395)

With the weight (1 + x^2) Phi(x) Phi(-x) the coefficients are those of the least largest error (Lawson's iteration of
the linearised P denominator - numerator on 900 nodes in |x| < 8.6, against log_ndtr and erf of scipy; 21.653 is the
best of its kind): 1.02e-12 at most, for any x, and 2.6e-12 of erf itself. All factors lie between 0.4 and 5.5, and none
but the first holds a difference, so no digits are lost: in float32 Gelu is off by 5.4e-7 in |x| < 12, erf by 1.7e-7. No
layer but Power, Sigmoid, TanH and Eltwise PROD of two, which every engine has.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Eltwise, Power, Sigmoid, TanH
from caffe_ir.layers.source import Erf, Gelu
from caffe_ir.replacement import Replacement

WIDTH = 21.653
LEAD, ZERO = 0.19220704146479836, 3.4692983487256113
POLE, RESIDUE = 0.05210361173282052, 0.2302098924261229
ABOVE = ((-0.9209773103056549, 0.4050511208258075), (-1.3037580409680212, 2.6457238099300167))
BELOW = (-0.8830764541746258, 0.39454954195690906)
PRODUCT = Eltwise(operation="PROD")

FIRST = Power(power=-2.3772195625305, scale=0.11023153752089, shift=0.90889635801315)
SECOND = Power(power=2.8685912825375, scale=0.1237323024869, shift=1.0498127820426)
BEHIND_FIRST = (
    Power(power=1.1651887273788, shift=0.73978325843811),
    Power(power=-1.0910225486755, shift=0.65110477685928),
)


def _gelu_by_powers(new: Replacement) -> str:
    x = new.old.bottom
    squares = new.add("x2", Power(power=2.0), x)
    first, second = new.add("power", FIRST, squares), new.add("power", SECOND, squares)
    behind = [new.add("power", layer, first) for layer in BEHIND_FIRST]
    phi = new.add("phi", Sigmoid(), new.add("slope", PRODUCT, first, second, *behind, x))
    new.add("product", PRODUCT, phi, x)
    new.note(f"Gelu -> {len(new.nodes)} layers, off by 1.8e-9 at most, as written")
    return ""


def _gelu(new: Replacement) -> str:
    phi = new.add("phi", Sigmoid(), _slope(new, new.old.bottom, stretch=1.0, scale=LEAD))
    new.add("product", PRODUCT, phi, new.old.bottom)
    _note(new)
    return ""


def _erf(new: Replacement) -> str:
    new.add("erf", TanH(), _slope(new, new.old.bottom, stretch=2.0, scale=LEAD / sqrt(2)))
    _note(new)
    return ""


def _note(new: Replacement) -> None:
    new.note(f"{new.old.layer.type_name()} -> {len(new.nodes)} layers, off by 1.02e-12 at most before rounding")


def _slope(new: Replacement, x: str, *, stretch: float, scale: float) -> str:
    """x P(stretch x^2) scale / LEAD, in 16 layers."""
    y = new.add("y", Power(power=-1.0, scale=stretch / WIDTH, shift=1.0), new.add("x2", Power(power=2.0), x))
    slope = new.add("slope", PRODUCT, new.add("linear", Power(scale=-scale, shift=scale * ZERO), y), x)
    pole = new.add("pole", Power(power=-1.0, scale=1 / RESIDUE, shift=POLE / RESIDUE), y)
    slope = new.add("slope0", PRODUCT, new.add("factor0", Power(shift=1.0), pole), slope)
    for place, ((a, b), power) in enumerate(((ABOVE[0], 1.0), (ABOVE[1], 1.0), (BELOW, -1.0)), start=1):
        square = new.add(f"square{place}", Power(power=2.0, shift=a), y)
        factor = new.add(f"factor{place}", Power(power=power, shift=b), square)
        slope = new.add(f"slope{place}", PRODUCT, factor, slope)
    return slope


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Erf: (Form(name="TanH of a rational function", build=_erf),),
    Gelu: (
        Form(name="Sigmoid of a product of powers (within 1.8e-9, for |x| up to 1e8)", build=_gelu_by_powers),
        Form(name="Sigmoid of a rational function", build=_gelu),
    ),
}
