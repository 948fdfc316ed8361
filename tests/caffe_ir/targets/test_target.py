from __future__ import annotations

from caffe_ir.layers import Pooling, Power, ReLU
from caffe_ir.targets.target import AtMost, Only, Target

CHIP = Target(
    name="chip",
    title="a chip",
    layers={
        "Pooling": (AtMost(field="kernel_size", most=32), Only(field="pool", values=("MAX",))),
        "Power": (AtMost(field="power", most=2.0),),
    },
)


def test_within_its_limits_a_layer_is_held() -> None:
    assert CHIP.holds(Pooling(pool="MAX", kernel_size=(32, 3)))
    assert CHIP.holds(Power(power=2.0))


def test_every_limit_that_is_passed_is_told() -> None:
    assert CHIP.refusal(ReLU()) == "a chip has no layer ReLU"
    told = CHIP.refusal(Pooling(pool="AVE", kernel_size=(33, 3)))
    assert "(33, 3), and 32 is the most" in told
    assert "pool is AVE" in told
    assert "3.0, and 2.0 is the most" in CHIP.refusal(Power(power=3.0))
