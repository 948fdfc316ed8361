from __future__ import annotations

from pathlib import Path

import click
import pytest

from caffe_ir.errors import ConversionError
from converters.cli.verify_source import Asked, Pair, darknet_opened, expected, opened, parted
from converters.darknet import convert
from tests.converters.cli.given import ALEXEYAB, TINY, converted, darknet_model
from tests.oracles.darknet import needs_darknet


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


@pytest.mark.parametrize("head", ["raw", "activated"])
@pytest.mark.parametrize("fold", [False, True])
def test_the_options_of_the_conversion_are_read_off_the_files(tmp_path, head, fold) -> None:
    model = darknet_model(tmp_path, TINY)
    converted("darknet", *model, "-o", tmp_path / "net", "--head", head, *(["--fold-bn"] if fold else []))
    net = convert(*model).net
    before = net.dump()
    made = expected(net, Pair(prototxt=tmp_path / "net.prototxt", caffemodel=tmp_path / "x"), Asked())
    assert any(node.layer.type_name() == "BatchNorm" for node in made.nodes) is not fold
    assert ("yolo_5" in made.values) is (head == "activated")
    assert net.dump() == before


def test_a_copy_can_be_rewritten(tmp_path) -> None:
    net = convert(*darknet_model(tmp_path, TINY)).net
    twin = net.copy()
    twin.remove(twin.nodes[-1])
    twin.values.clear()
    assert len(net.nodes) == len(twin.nodes) + 1
    assert net.values


@needs_darknet
def test_darknet_judges_what_it_computes_as_it_was_converted(tmp_path) -> None:
    cfg, weights = map(Path, darknet_model(tmp_path, TINY))
    model = convert(cfg, weights)
    assert [judge.name for judge in darknet_opened(cfg, weights, model, model.net, "auto").source.judges] == [
        "embedded",
        "darknet",
    ]
    found = darknet_opened(cfg, weights, model, model.net, "embedded")
    assert ([judge.name for judge in found.source.judges], found.fit) == (["embedded"], "letterbox")
    other = darknet_opened(cfg, weights, convert(cfg, weights, bn="darknet-gpu"), model.net, "auto")
    assert [judge.name for judge in other.source.judges] == ["embedded"]
    assert other.remarks == ("Darknet itself does not judge: its CPU code does not divide by sqrt(variance + 1e-5)",)
    with pytest.raises(click.UsageError, match="--judge darknet: its CPU code"):
        darknet_opened(cfg, weights, convert(cfg, weights, bn="darknet-gpu"), model.net, "darknet")


def test_a_net_of_the_fork_is_not_given_to_the_original(tmp_path) -> None:
    cfg, weights = map(Path, darknet_model(tmp_path, TINY, header=ALEXEYAB))
    model = convert(cfg, weights, dialect="alexeyab")
    found = darknet_opened(cfg, weights, model, model.net, "auto")
    assert found.remarks == ("Darknet itself does not judge: the net is one of AlexeyAB's fork",)
