from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from caffe_ir.error_kinds import general
from caffe_ir.extras import NotInstalledError, require
from converters.cli import main
from tests.documents.error_examples.case import CONV, NET, convert, darknet, raises

ROOT = Path(__file__).resolve().parents[3]


@raises(general.WRONG_USAGE)
def _() -> str:
    return convert("yolov3.onnx")


@raises(general.NO_SUCH_FILE)
def _() -> str:
    darknet(NET + CONV, name="yolov3")
    return convert("darknet yolov3.cfg yolov3.weight")


@raises(general.NOT_INSTALLED)
def _() -> str:
    """The package is hidden: the environment of the tests has all."""
    with mock.patch("caffe_ir.extras.find_spec", return_value=None), pytest.raises(NotInstalledError) as caught:
        require("reading a PyTorch model", "torch")
    return caught.value.problems[0].with_code()


@raises(general.OPTION_VALUE)
def _() -> str:
    Path("nets.py").write_text("from torch import nn\n\n\ndef net():\n    return nn.Conv2d(1, 4, 3)\n")
    return convert("pytorch nets.py:net --input 1x1x8x8 --bgr -o deploy")


@raises(general.OUT_OF_MEMORY)
def _() -> str:
    """1.6 GB of weights that are drawn at random, where the process may have 1 GB."""
    Path("net.prototxt").write_text(
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 20000 } } }\n'
        'layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"\n'
        '  inner_product_param { num_output: 20000 weight_filler { type: "gaussian" std: 0.1 } } }\n'
    )
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9)); "
        f"sys.path.insert(0, {str(ROOT)!r}); "
        "from converters.cli.main import main; sys.argv = ['convert', 'init', 'net.prototxt', '-o', 'big']; main()"
    )
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode == main.NO_MEMORY
    return done.stderr


@raises(general.OUR_FAULT)
def _() -> str:
    """A command with a fault, since none is known that has one."""
    with (
        mock.patch.object(main, "convert", side_effect=ZeroDivisionError("division by zero")),
        mock.patch.object(main, "say") as said,
        mock.patch("traceback.print_exc"),
        mock.patch.object(main, "guard"),
        pytest.raises(SystemExit) as ended,
    ):
        main.main()
    assert ended.value.code == main.OUR_FAULT
    return str(said.call_args.args[0]).lstrip()
