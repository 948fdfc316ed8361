from __future__ import annotations

from pathlib import Path

import click
import pytest

from caffe_ir.errors import ConversionError
from converters.cli.verify_opened import Asked, Pair
from converters.cli.verify_source import opened, parted


@pytest.mark.parametrize(
    ("files", "source", "prototxt"),
    [
        (("a.cfg", "a.weights", "b"), ("a.cfg", "a.weights"), "b"),
        (("a.cfg", "a.weights", "b.prototxt"), ("a.cfg", "a.weights"), "b"),
        (("a.cfg", "a.weights", "b.caffemodel"), ("a.cfg", "a.weights"), "b"),
        (("a.pt2", "b.prototxt", "b.caffemodel"), ("a.pt2",), "b"),
        (("a.prototxt", "a.caffemodel", "b.prototxt"), ("a.prototxt", "a.caffemodel"), "b"),
        (("a.prototxt", "b.prototxt"), ("a.prototxt",), "b"),
        (("m:f", "net.v2"), ("m:f",), "net.v2"),
    ],
)
def test_source_and_caffe_are_told_apart(files, source, prototxt) -> None:
    assert parted(files) == (
        source,
        Pair(prototxt=Path(f"{prototxt}.prototxt"), caffemodel=Path(f"{prototxt}.caffemodel")),
    )


@pytest.mark.parametrize("named", [("b.prototxt", "b.caffemodel.h5"), ("b.caffemodel.h5",), ("b.prototxt",), ("b",)])
def test_weights_in_hdf5_are_found_by_name_or_because_they_are_there(named, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.caffemodel.h5").touch()
    pair = Pair(prototxt=Path("b.prototxt"), caffemodel=Path("b.caffemodel.h5"))
    assert parted(("a.cfg", "a.weights", *named)) == (("a.cfg", "a.weights"), pair)
    Path("b.caffemodel").touch()
    if len(named) == 1 and not named[0].endswith(".h5"):
        with pytest.raises(ConversionError, match="there are both"):
            parted(("a.cfg", "a.weights", *named))
    else:
        assert parted(("a.cfg", "a.weights", *named))[1] == pair


def test_one_file_is_not_enough() -> None:
    with pytest.raises(click.UsageError, match="give the source"):
        parted(("net.prototxt",))


@pytest.mark.parametrize("files", [("a.cfg",), ("a.cfg", "b.cfg"), ("a.pt", "b.pt"), ("a.cfg", "a.weights", "x")])
def test_a_source_of_the_wrong_files_is_refused(files) -> None:
    with pytest.raises(click.UsageError):
        opened(files, Pair(prototxt=Path("x"), caffemodel=Path("x")), Asked())
