from __future__ import annotations

from caffe_ir.cost import Work
from caffe_ir.targets import CAFFE, TARGETS
from caffe_ir.targets.price import Price, mean_of


def test_each_kind_of_work_is_paid_by_its_own_number() -> None:
    price = Price(multiply_add=2.0, step=3.0, byte=5.0, layer=7.0, piece=11.0, far=13.0)
    kinds = {"multiply_adds": 2.0, "steps": 3.0, "bytes": 5.0, "layers": 7.0, "pieces": 11.0, "far": 13.0}
    for kind, each in kinds.items():
        assert price.of(Work(**{kind: 10})) == 10 * each
    assert price.of(Work(**dict.fromkeys(kinds, 10))) == 10 * sum(kinds.values())


def test_the_mean_of_prices_is_taken_number_by_number() -> None:
    mean = mean_of([Price(step=1.0, layer=100.0), Price(step=2.0, layer=500.0)])
    assert (mean.step, mean.layer, mean.multiply_add) == (1.5, 300.0, Price().multiply_add)


def test_only_readers_that_somebody_timed_have_a_price_of_their_own() -> None:
    assert CAFFE.price.is_fitted
    assert not TARGETS["nnie"].price.is_fitted
