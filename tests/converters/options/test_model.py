from __future__ import annotations

from converters.options import ModelKeys, declared


def test_every_key_says_what_it_is_and_whose() -> None:
    of = {one.name: one.option.sources for one in declared(ModelKeys)}
    assert of["cfg"] == ("darknet",)
    assert of["model"] == of["factory"] == ("pytorch",)
    assert of["weights"] == ("darknet", "pytorch")
    assert all(one.option.help.endswith((".", "]")) for one in declared(ModelKeys))
