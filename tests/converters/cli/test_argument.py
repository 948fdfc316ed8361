from __future__ import annotations

import click
import pytest

from converters.cli.argument import argument


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("width=5", ("width", 5)),
        ("scale=0.5", ("scale", 0.5)),
        ("sizes=(1, 2)", ("sizes", (1, 2))),
        ("name=resnet18", ("name", "resnet18")),
        ("path=a=b", ("path", "a=b")),
        ("pretrained=False", ("pretrained", False)),
    ],
)
def test_the_value_is_as_python_writes_it_or_text(text: str, found: tuple[str, object]) -> None:
    assert argument(text) == found


@pytest.mark.parametrize("text", ["width", "=5", "two words=5"])
def test_what_is_no_pair_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not KEY=VALUE"):
        argument(text)
