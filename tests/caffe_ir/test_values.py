from __future__ import annotations

import random

import pytest

from caffe_ir.values import Values


def test_values_are_looked_up_from_both_sides() -> None:
    values = Values({"conv": "a", "relu": "b", "alias": "b"})
    assert (values["conv"], values.of("b"), values.of("c")) == ("a", ("relu", "alias"), ())
    values["conv"] = "b"
    assert (values.of("a"), values.of("b")) == ((), ("relu", "alias", "conv"))
    del values["relu"]
    assert (list(values.items()), values.of("b")) == ([("conv", "b"), ("alias", "b")], ("alias", "conv"))
    with pytest.raises(KeyError):
        values["relu"]
    with pytest.raises(KeyError):
        del values["relu"]


def test_a_copy_is_by_itself() -> None:
    first = Values({"conv": "a"})
    second = Values(first)
    second.move("a", "b")
    assert (dict(first), dict(second)) == ({"conv": "a"}, {"conv": "b"})


def test_move_and_forget_do_what_a_search_through_all_values_does() -> None:
    rng = random.Random(0)
    values, plain = Values(), dict[str, str]()
    for number in range(2000):
        blob, to = (f"blob{rng.randrange(12)}" for _ in range(2))
        step = rng.randrange(4)
        if step < 2:
            values[f"value{number % 50}"] = plain[f"value{number % 50}"] = blob
        elif step == 2:
            values.move(blob, to)
            plain = {value: to if held == blob else held for value, held in plain.items()}
        else:
            values.forget((blob, to))
            plain = {value: held for value, held in plain.items() if held not in (blob, to)}
        assert dict(values) == plain
        assert list(values) == list(plain)
        assert set(values.of(blob)) == {value for value, held in plain.items() if held == blob}
