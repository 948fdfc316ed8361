from __future__ import annotations

from pathlib import Path

import click
import pytest

from converters.cli.verify_darknet import darknet_opened
from converters.darknet import convert
from tests.converters.cli.given import ALEXEYAB, TINY, darknet_model
from tests.oracles.darknet import needs_darknet


@needs_darknet
def test_darknet_judges_what_it_computes_as_it_was_converted(tmp_path) -> None:
    cfg, weights = map(Path, darknet_model(tmp_path, TINY))
    model = convert(cfg, weights)
    assert [
        reference.name for reference in darknet_opened(cfg, weights, model, model.net, "auto").source.references
    ] == [
        "embedded",
        "darknet",
    ]
    found = darknet_opened(cfg, weights, model, model.net, "embedded")
    assert [reference.name for reference in found.source.references] == ["embedded"]
    other = darknet_opened(cfg, weights, convert(cfg, weights, bn="darknet-gpu"), model.net, "auto")
    assert [reference.name for reference in other.source.references] == ["embedded"]
    assert other.remarks == ("not compared with Darknet itself: its CPU code does not divide by sqrt(variance + 1e-5)",)
    with pytest.raises(click.UsageError, match="--reference darknet: its CPU code"):
        darknet_opened(cfg, weights, convert(cfg, weights, bn="darknet-gpu"), model.net, "darknet")


def test_a_net_of_the_fork_is_not_given_to_the_original(tmp_path) -> None:
    cfg, weights = map(Path, darknet_model(tmp_path, TINY, header=ALEXEYAB))
    model = convert(cfg, weights, dialect="alexeyab")
    found = darknet_opened(cfg, weights, model, model.net, "auto")
    assert found.remarks == ("not compared with Darknet itself: the net is one of AlexeyAB's fork",)
