from __future__ import annotations

import click
import pytest

from caffe_ir.errors import ConversionError, Problem
from converters.cli.verify_work import could_not, engines_wanted


def test_what_cannot_be_compared_ends_with_2_and_all_reasons(capsys) -> None:
    with pytest.raises(click.exceptions.Exit) as caught, could_not("a b"):
        raise ConversionError(Problem(what="no layer x"), Problem(what="no layer y"))
    assert caught.value.exit_code == 2
    assert capsys.readouterr().err == "a b cannot be compared: 2 problems\n  no layer x\n  no layer y\n"


def test_the_embedded_engine_always_runs_and_first() -> None:
    assert [engine.name for engine in engines_wanted(("pycaffe", "opencv"))] == ["embedded", "opencv", "pycaffe"]
    assert engines_wanted(())[0].name == "embedded"
    assert all(not engine.missing() for engine in engines_wanted(()))
