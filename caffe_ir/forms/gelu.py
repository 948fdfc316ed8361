"""Gelu -> x Sigmoid(x P) and Erf -> TanH(x P / sqrt 2), P from a few layers that compute a function of x^2.

Phi(x) = s(g(x)) with s the sigmoid and g = log Phi(x) - log Phi(-x), which is odd and analytic: g = x P(x^2). And
erf(x) = 2 Phi(z) - 1 = tanh(g(z) / 2) with z = x sqrt 2, near 0 right relative to itself. An error of P counts
x^2 Phi(x) Phi(-x) times in Gelu (the derivative of x s(x P)) and 2 x Phi(x) Phi(-x) times in erf.

A chain of four powers, for Gelu in 8 layers and 4 blobs: with u = x^2

    v1 = (0.899 + 0.0383 u)^3.489    v2 = (0.633 + 1.045 v1)^3.585    v3 = (0.301 + 0.511 v2)^0.148
    P = (20.35 v3 - 17.26)^0.291

Each power overwrites the one before, and has three numbers to choose: nine of the twelve count, since each may be
scaled by any factor that the next one takes back. The numbers make x^2 Phi(x) Phi(-x) |error of P| least (Levenberg
and Marquardt's method from some 10^4 starts, the best of them disturbed and tried again, since most end in a minimum
ten times as high; then Lawson's weights, on 800 nodes in |x| < 9, against log_ndtr of scipy), where an error counts
1 + 0.6 exp(-(x / 1.2)^4) times, since most numbers of a net are small: 5.7e-10, and 3.8e-10 for |x| < 1. Without that
weight it would be 5.0e-10 everywhere. Rounded one by one to float32, as a prototxt has them, they would be off by
1.6e-8. So they are chosen such that the float32 numbers next to them are good together: for some 2,000 choices of the
three factors Babai's nearest plane in a basis reduced by Lenstra, Lenstra and Lovasz's algorithm (as Brisebarre and
Chevillard, 2007, "Efficient polynomial L-infinity-approximations") gives float32 numbers whose errors cancel; of these
the ones whose shortest decimals, which stand below and in a file, are as good where they are read in float64. Gelu is
off by 5.8e-10 at most for any x, by 4e-10 for |x| < 1, and by 4e-11 of itself near 0; in float32 by 6e-7 for
|x| < 12, and not at all beyond: far out the powers become infinite, and Sigmoid takes that as it takes any large
number.

A sum of three powers and a square, for Gelu in 8 layers and 8 blobs, for nets of many: with w = (0.3446 x)^2

    v1 = (0.618 + 0.986 w)^2.203    v2 = (2.249 + 0.644 v1)^-0.765    v3 = (0.048 + 0.0061 v1)^-0.284
    P = v2 (w + v1 + v2 + v3)

No power is of a difference and all terms of the sum are positive, so no digits are lost. For given powers, and ratios
of scale and shift, P is linear in what its terms are multiplied with, so that the fit looks for six numbers alone
(Golub and Pereyra, 1973, variable projection; from random starts for each of 50 such shapes: which layer reads which,
which are summed, which are multiplied). Then all ten make x^2 Phi(x) Phi(-x) |error of P| least (Levenberg and
Marquardt's method with Lawson's weights, on 500 nodes in |x| < 8.9, against log_ndtr of scipy): 2.3e-11. Rounded one
by one to float32, as a prototxt has them, they would be off by 3e-9. So they are float32 numbers whose errors cancel
(Babai's nearest plane, as Brisebarre and Chevillard, 2007, "Efficient polynomial L-infinity-approximations"), and of
some 60,000 such sets the one that is as good by its shortest decimals, as readers in float64 take them: off by 3.7e-11
at most for any x, and by 4e-11 of itself near 0; in float32 by 6e-7 for |x| < 12, and not at all beyond. There it
holds up to |x| = 1e9: v1 is infinite from 1.5e9 on.

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

POWERS = (
    Power(power=3.4885533, scale=0.038286224, shift=0.8994549),
    Power(power=3.5849302, scale=1.0448018, shift=0.6330523),
    Power(power=0.14758752, scale=0.51093256, shift=0.30099145),
    Power(power=0.29147375, scale=20.34926, shift=-17.258106),
)

SQUARE = Power(power=2.0, scale=0.34460327)
FIRST = Power(power=2.2034912, scale=0.9862855, shift=0.61805266)
SECOND = Power(power=-0.76509434, scale=0.64449924, shift=2.2492547)
THIRD = Power(power=-0.28423053, scale=0.006065614, shift=0.047900595)


def _gelu_by_powers(new: Replacement) -> str:
    x = new.old.bottom
    chain = new.add("x2", Power(power=2.0), x)
    for layer in POWERS:
        chain = new.add("power", layer, chain)
    phi = new.add("phi", Sigmoid(), new.add("slope", PRODUCT, chain, x))
    new.add("product", PRODUCT, phi, x)
    new.note(f"Gelu -> {len(new.nodes)} layers, off by 5.8e-10 at most, as written")
    return ""


def _gelu_by_a_sum(new: Replacement) -> str:
    x = new.old.bottom
    square = new.add("square", SQUARE, x)
    first = new.add("power", FIRST, square)
    second, third = new.add("power", SECOND, first), new.add("power", THIRD, first)
    total = new.add("sum", Eltwise(operation="SUM"), square, first, second, third)
    phi = new.add("phi", Sigmoid(), new.add("slope", PRODUCT, total, second, x))
    new.add("product", PRODUCT, phi, x)
    new.note(f"Gelu -> {len(new.nodes)} layers, off by 3.7e-11 at most, as written")
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
        Form(name="Sigmoid of a chain of powers (within 5.8e-10)", build=_gelu_by_powers, error=5.8e-10),
        Form(name="Sigmoid of a sum of powers (3.7e-11, |x| up to 1e9)", build=_gelu_by_a_sum, error=3.7e-11),
        Form(name="Sigmoid of a rational function", build=_gelu, error=1.02e-12),
    ),
}
