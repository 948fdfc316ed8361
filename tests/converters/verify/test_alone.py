from __future__ import annotations

from converters.verify.alone import run_alone
from converters.verify.embedded_engine import EMBEDDED
from tests.converters.verify.engine_nets import INPUT, files_of, ordinary


def test_layers_run_alone_on_what_the_whole_net_gives_them(tmp_path) -> None:
    files = files_of(tmp_path, ordinary())
    seen = run_alone(files, EMBEDDED, [files.net.node("scale"), files.net.node("relu")], "relu", {"data": INPUT})
    assert seen.relative < 1e-6
    assert seen.shape == (1, 6, 9, 11)
    assert seen.largest > 0.1
