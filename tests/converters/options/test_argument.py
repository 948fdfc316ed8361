from __future__ import annotations

import pytest

from converters.options.argument import arguments_of, texts_of


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
    assert arguments_of([text]) == dict([found])


@pytest.mark.parametrize("text", ["width", "=5", "two words=5"])
def test_what_is_no_pair_is_wrong_usage(text: str) -> None:
    with pytest.raises(ValueError, match="not KEY=VALUE"):
        arguments_of([text])


@pytest.mark.parametrize("text", ["pretrained=false", "pretrained=true"])
def test_a_text_that_would_be_taken_for_true_is_wrong_usage(text: str) -> None:
    """A function's `if pretrained:` would hold for the text `false`."""
    with pytest.raises(ValueError, match="Python writes"):
        arguments_of([text])


def test_all_of_them_and_none_twice() -> None:
    assert arguments_of(["width=5", "name=a"]) == {"width": 5, "name": "a"}
    with pytest.raises(ValueError, match="width is given twice"):
        arguments_of(["width=5", "width=6"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "a=5"),
        ("resnet18", "a=resnet18"),
        ("5", "a='5'"),
        ("true", "a='true'"),
        (None, "a=None"),
        ([1, "b"], "a=[1, 'b']"),
    ],
)
def test_a_value_is_spelled_as_it_is_read(value: object, text: str) -> None:
    assert texts_of({"a": value}) == [text]
    assert arguments_of([text]) == {"a": value}
