from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Struct, field

from converters.options.declared import Option, Size, declared, size_of, spelled


class Some(Struct, frozen=True, kw_only=True):
    """One of each kind."""

    way: Annotated[Literal["left", "right"], Option(help="Where to.")] = "left"
    fast: Annotated[bool, Option(help="At once.", flag="--now")] = False
    many: Annotated[int, Option(help="How many.", least=1)] = 1
    name: Annotated[str, Option(help="Whose.")] = ""
    shape: Annotated[tuple[str, ...], Option(help="Of what.")] = ()
    file: Annotated[Path | None, Option(help="Where.", own=True)] = None
    files: Annotated[tuple[Path, ...], Option(help="Where else.")] = ()
    input_size: Annotated[Size | None, Option(help="How large.")] = None
    given: Annotated[Mapping[str, Any], Option(help="With what.", flag="--arg")] = field(default_factory=dict)


class Silent(Struct, frozen=True, kw_only=True):
    """Its option says nothing of itself."""

    fast: bool = False


def test_what_a_struct_declares() -> None:
    found = declared(Some)
    kinds = ["text", "flag", "count", "text", "texts", "path", "paths", "size", "table"]
    assert [one.kind for one in found] == kinds
    assert [one.flag for one in found[:3]] == ["--way", "--now", "--many"]
    assert found[7].flag == "--input-size"
    assert found[0].choices == ("left", "right")
    assert found[0].default == "left"
    assert found[2].option.least == 1


def test_an_option_without_a_help_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="fast"):
        declared(Silent)


def test_only_what_is_not_as_usual_is_spelled() -> None:
    assert spelled(Some()) == []
    some = Some(way="right", fast=True, many=2, shape=("1", "2"), input_size=(2, 4), given={"a": "b", "c": 1})
    words = ["--way", "right", "--now", "--many", "2", "--shape", "1", "--shape", "2", "--input-size", "2x4"]
    assert spelled(some) == [*words, "--arg", "a=b", "--arg", "c=1"]


@pytest.mark.parametrize(("text", "size"), [("416x320", (416, 320)), ("2X3", (2, 3))])
def test_a_size(text: str, size: Size) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["416", "0x4", "4x4x4", "x", "-1x2", "a x b"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="416x416"):
        size_of(text)
