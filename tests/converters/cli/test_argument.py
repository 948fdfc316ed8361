from __future__ import annotations

import click
import pytest

from converters.cli.argument import argument, arguments


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("width=5", ("width", 5)),
        ("scale=0.5", ("scale", 0.5)),
        ("sizes=(1, 2)", ("sizes", (1, 2))),
        ("name=resnet18", ("name", "resnet18")),
        ("path=a=b", ("path", "a=b")),
        ("pretrained=False", ("pretrained", False)),
        ("norm=none", ("norm", "none")),
        ("strange={[]: 1}", ("strange", "{[]: 1}")),
        ('text="true"', ("text", "true")),
    ],
)
def test_the_value_is_as_python_writes_it_or_text(text: str, found: tuple[str, object]) -> None:
    assert argument(text) == found


@pytest.mark.parametrize("text", ["width", "=5", "two words=5"])
def test_what_is_no_pair_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not KEY=VALUE"):
        argument(text)


@pytest.mark.parametrize("text", ["pretrained=false", "pretrained=true"])
def test_a_text_that_would_be_taken_for_true_is_wrong_usage(text: str) -> None:
    """A function's `if pretrained:` would hold for the text `false`."""
    with pytest.raises(click.BadParameter, match="Python writes"):
        argument(text)


def test_all_of_them_and_none_twice() -> None:
    assert arguments(["width=5", "name=a"]) == {"width": 5, "name": "a"}
    with pytest.raises(click.BadParameter, match="width is given twice"):
        arguments(["width=5", "width=6"])
