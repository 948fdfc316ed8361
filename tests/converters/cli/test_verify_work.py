from __future__ import annotations

import click
import pytest

from caffe_ir.errors import ConversionError, Problem
from converters.cli.verify_work import could_not, engines_wanted, preparation_of
from converters.options import VerifyOptions


def test_what_cannot_be_compared_ends_with_2_and_all_reasons(capsys) -> None:
    with pytest.raises(click.exceptions.Exit) as caught, could_not("a b"):
        raise ConversionError(Problem(what="no layer x"), Problem(what="no layer y"))
    assert caught.value.exit_code == 2
    assert capsys.readouterr().err == "a b cannot be compared: 2 problems\n  no layer x\n  no layer y\n"


def test_the_embedded_engine_always_runs_and_first() -> None:
    assert [engine.name for engine in engines_wanted(("pycaffe", "opencv"))] == ["embedded", "opencv", "pycaffe"]
    assert engines_wanted(())[0].name == "embedded"
    assert all(not engine.missing() for engine in engines_wanted(()))


def test_pictures_are_prepared_darknets_way_unless_told_otherwise() -> None:
    plain = preparation_of("stretch", VerifyOptions())
    assert (plain.mean, plain.scale, plain.bgr, plain.fit) == ((0.0,), (1 / 255,), False, "stretch")
    told = preparation_of("stretch", VerifyOptions(mean="104,117,123", scale="0.5", bgr=True, fit="letterbox"))
    assert (told.mean, told.scale, told.bgr, told.fit) == ((104, 117, 123), (0.5,), True, "letterbox")
    with pytest.raises(click.BadParameter, match="not one number"):
        preparation_of("stretch", VerifyOptions(mean="grey"))
