from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from converters.cli.verify_shown import lines_of, show_comparison, verdict_line, verdict_reported
from converters.verify.blame import Fault
from converters.verify.comparison import row
from converters.verify.trial import Comparison, Trial

ROWS = tuple(row(f"v{number}", np.ones(4), np.ones(4) + 10.0 ** -(12 - number)) for number in range(12))
FAULT = Fault(layer="conv", kind="weights", text="weights 0 are all zero", source="a.cfg:3", written="a.prototxt:9")


def comparison(**fields):
    trials = (
        Trial(kind="meaning", name="embedded", title="this program", rows=ROWS, allowed=(1e-6,) * 12),
        Trial(kind="rounding", name="mnn", title="mnn", stopped="MNN cannot run step", asked=False),
    )
    return Comparison(**{"source": "a.cfg", "caffe": "a.prototxt", "trials": trials, **fields})


def test_the_verdict_comes_first_and_then_what_is_at_fault(capsys) -> None:
    show_comparison(comparison(faults=(FAULT,), missing=("yolo_5",)), ["a remark"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "DIFFERS: a.prototxt with a.cfg, 12 layers compared"
    assert lines[1] == "first at fault: conv: weights 0 are all zero (a.prototxt:9 <- a.cfg:3)"
    assert lines[2].startswith("the Caffe net holds no value for yolo_5")
    assert lines[3] == "note: a remark"
    assert any("MNN cannot run step" in line for line in lines)


def test_what_engines_say_is_no_markup(capsys) -> None:
    trial = Trial(kind="rounding", name="mnn", title="mnn", stopped="no [conv] in [/net]")
    show_comparison(comparison(trials=(trial,)))
    assert any("no [conv] in [/net]" in line for line in capsys.readouterr().out.splitlines())


def test_the_worst_layers_are_listed_first_and_all_on_demand(capsys) -> None:
    show_comparison(comparison())
    short = capsys.readouterr().out
    layers = [line.split()[0] for line in short.splitlines() if line.startswith("v")]
    assert layers == [f"v{number}" for number in range(11, 3, -1)]
    assert "the worst 8 of 12 layers; -v lists all" in short
    show_comparison(comparison(), verbose=True)
    layers = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("v")]
    assert layers == [f"v{number}" for number in range(12)]


def test_the_quiet_get_the_verdict_and_the_first_fault(capsys) -> None:
    verdict_reported(comparison(faults=(FAULT, replace(FAULT, text="another"))))
    assert capsys.readouterr().out.splitlines() == [
        "DIFFERS: a.prototxt with a.cfg, 12 layers compared",
        "first at fault: conv: weights 0 are all zero (a.prototxt:9 <- a.cfg:3)",
    ]


def test_an_engine_that_was_asked_for_and_stopped_is_told() -> None:
    trial = Trial(kind="rounding", name="mnn", title="mnn", stopped="MNN is not installed")
    lines = list(lines_of(comparison(trials=(trial,), refused="conv takes other weights")))
    assert lines == [
        "Caffe would not run these files: conv takes other weights",
        "rounding, mnn: MNN is not installed",
    ]
    assert verdict_line(comparison(trials=(trial,))).startswith("NOT COMPARED")


def test_shapes_that_differ_are_both_shown(capsys) -> None:
    trial = Trial(kind="meaning", name="embedded", title="", rows=(row("v", np.ones(4), np.ones(5)),), allowed=(1.0,))
    show_comparison(comparison(trials=(trial,)))
    assert "4 / 5" in capsys.readouterr().out


def test_one_layer_is_one(capsys) -> None:
    trial = Trial(kind="meaning", name="embedded", title="", rows=ROWS[:1], allowed=(1.0,))
    assert verdict_line(comparison(trials=(trial,))).endswith("1 layer compared")


def test_what_is_said_of_many_layers_alike_is_said_once() -> None:
    eps = [replace(FAULT, layer=f"bn_{number}", text="eps is 1e-05 where 1e-12 belongs") for number in range(75)]
    first, *others = lines_of(comparison(faults=(FAULT, *eps)))
    assert first.startswith("first at fault: conv: weights 0 are all zero")
    assert others == [
        "and: bn_0: eps is 1e-05 where 1e-12 belongs (a.prototxt:9 <- a.cfg:3); "
        "the same of bn_1, bn_2, bn_3, bn_4 and 70 more"
    ]
    assert "bn_74" in list(lines_of(comparison(faults=(FAULT, *eps)), verbose=True))[1]


def test_of_many_different_faults_the_first_are_listed() -> None:
    faults = tuple(replace(FAULT, text=f"weights {number} are all zero") for number in range(20))
    lines = list(lines_of(comparison(faults=faults, warnings=faults)))
    assert (lines[8], lines[-1]) == ("and: 12 more; -v lists all", "warning: 12 more; -v lists all")
    assert len(list(lines_of(comparison(faults=faults), verbose=True))) == 20


def test_what_the_kinds_of_comparison_mean_stands_there(capsys) -> None:
    show_comparison(comparison())
    told = capsys.readouterr().out
    assert "\nmeaning: each layer by itself in float64" in told
    assert "\nrounding: the whole net in that engine's float32, beside the same in float64" in told


def test_a_comparison_of_nothing_has_no_tables(capsys) -> None:
    show_comparison(comparison(trials=(), refused="conv takes other weights"))
    assert len(capsys.readouterr().out.splitlines()) == 2
