from __future__ import annotations

import pytest

from caffe_ir.targets import TARGETS
from converters.cli import darknet, options, pytorch, verify
from tests.converters.cli.given import converted

SHARED = ("--target", "--fold-bn", "--hdf5", "--dump-after", "-q, --quiet", "-v, --verbose", "-h, --help")
OWN = {
    "darknet": (
        "-o, --output", "--dialect", "--bn", "--head", "--input-size", "--batch", "--lenient", "--allow-trailing"
    ),
    "pytorch": ("-o, --output", "--input", "--weights", "--weights-key", "--arg", "--plugin", "--trust-pickle"),
}  # fmt: skip


def test_the_targets_are_those_that_there_are() -> None:
    assert tuple(TARGETS) == options.TARGETS


@pytest.mark.parametrize("command", OWN)
def test_the_help_knows_every_option_with_the_shared_ones_last(command: str) -> None:
    lines = [line.strip() for line in converted(command, "-h").stdout.splitlines()]
    first = [
        next((n for n, line in enumerate(lines) if f"{line} ".startswith(f"{option} ")), -1)
        for option in (*OWN[command], *SHARED)
    ]
    assert -1 not in first
    assert first[-len(SHARED) :] == sorted(first[-len(SHARED) :])
    assert max(first[: len(OWN[command])]) < min(first[-len(SHARED) :])


@pytest.mark.parametrize("module", [darknet, pytorch], ids=["darknet", "pytorch"])
def test_verify_knows_the_options_that_it_shall_be_told_again(module: object) -> None:
    ours = {"darknet": darknet.darknet, "pytorch": pytorch.pytorch}[module.__name__.rpartition(".")[2]]  # type: ignore[attr-defined]
    spelled = {option for parameter in verify.verify.params for option in parameter.opts}
    assert set(module.VERIFIED_WITH.values()) <= spelled  # type: ignore[attr-defined]
    assert module.VERIFIED_WITH.keys() <= {parameter.name for parameter in ours.params}  # type: ignore[attr-defined]
