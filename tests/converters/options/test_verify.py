from __future__ import annotations

from converters.options import VerifyOptions, declared


def test_a_manifest_says_how_far_engines_may_differ() -> None:
    assert [one.name for one in declared(VerifyOptions) if one.option.in_manifest] == ["tolerance"]
