"""Importing us, or asking for help, loads no heavy package. Each case runs in a Python of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

HEAVY = ("torch", "cv2", "h5py", "matplotlib", "jinja2", "distributed", "MNN")
HEAVY_FOR_HELP = (*HEAVY, "google.protobuf", "numpy", "caffe_ir.net")

# Imports every module below the packages named, as a whole program would.
WALK = """
import importlib, pkgutil
for name in {packages!r}:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(found.name)
"""

HELP = """
import sys
from converters.cli.main import main
sys.argv = ["convert", *{arguments!r}]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def loaded(program: str, heavy: tuple[str, ...]) -> set[str]:
    """The packages among `heavy` that a fresh Python has loaded after the program; its own prints are left aside."""
    tell = f"\nimport sys\nsys.stderr.write('loaded:' + ' '.join(set({heavy!r}) & sys.modules.keys()))"
    run = subprocess.run(
        [sys.executable, "-c", program + tell], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return set(run.stderr.rpartition("loaded:")[2].split())


def test_importing_us_loads_nothing_heavy() -> None:
    assert loaded("import caffe_ir, converters.darknet", HEAVY) == set()


def test_no_module_of_caffe_ir_or_the_darknet_frontend_loads_anything_heavy() -> None:
    assert loaded(WALK.format(packages=("caffe_ir", "converters.darknet")), HEAVY) == set()


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [(["--help"], HEAVY_FOR_HELP), (["darknet", "--help"], HEAVY)],
    ids=["convert", "convert darknet"],
)
def test_help_loads_nothing_heavy(arguments: list[str], heavy: tuple[str, ...]) -> None:
    assert loaded(HELP.format(arguments=arguments), heavy) == set()


def test_running_a_net_loads_no_comparison_and_no_weights_of_other_programs() -> None:
    program = "import converters.run.answer, converters.run.session, converters.verify"
    heavy = ("converters.verify.verification", "converters.verify.trial", "converters.weights", *HEAVY)
    assert loaded(program, heavy) == set()
    assert loaded(f"{program}; converters.verify.verify", heavy[:2]) == set(heavy[:2])


# ---- The probe itself can fail ---------------------------------------------------------------------------------------


def test_a_heavy_import_is_found() -> None:
    program = "import numpy\nimport google.protobuf\nprint('loaded:cv2')"
    assert loaded(program, HEAVY_FOR_HELP) == {"numpy", "google.protobuf"}


def test_a_heavy_import_before_an_exit_is_found() -> None:
    program = "try:\n    import numpy\n    raise SystemExit(0)\nexcept SystemExit:\n    pass"
    assert loaded(program, HEAVY_FOR_HELP) == {"numpy"}


@pytest.mark.skipif(importlib.util.find_spec("cv2") is None, reason="cv2 is not installed")
def test_cv2_is_found_when_it_is_loaded() -> None:
    assert loaded("import cv2", HEAVY) == {"cv2"}


def test_a_program_that_fails_is_no_proof() -> None:
    with pytest.raises(AssertionError, match="no_such_module"):
        loaded("import no_such_module", HEAVY)


def test_lowering_for_one_target_loads_no_others_but_the_widespread() -> None:
    folder = "caffe_ir.targets."
    program = "from caffe_ir.passes import pipeline; from caffe_ir.targets import TARGETS; TARGETS['tvm']"
    assert loaded(program, (f"{folder}tvm", f"{folder}nnie", f"{folder}rknn1")) == {f"{folder}tvm"}
