from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.converters.cli.given import ROOT, darknet_model


def test_the_package_runs_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "converters", "darknet", *darknet_model(tmp_path), "-o", str(tmp_path / "net")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "net.caffemodel").exists()
