"""What torch.export cannot see through, and how that is reported."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.converters.pytorch.capture.refused import line_of, problem_of
from tests.converters.pytorch.judge import images


def test_a_branch_on_the_data_is_told_with_its_line():
    class Branch(nn.Module):
        def forward(self, x):
            if x.sum() > 0:
                return x
            return -x

    problem = problem_of(Branch(), images(1, 2))
    assert "asks for the numbers in a tensor" in problem.what
    assert line_of(problem) == "if x.sum() > 0:"


def test_a_forward_that_fails_is_told_with_its_line():
    class Wrong(nn.Module):
        def forward(self, x):
            return x @ torch.ones(3, 3)

    problem = problem_of(Wrong(), images(1, 2))
    assert problem.what.startswith("torch cannot run the model on these inputs")
    assert line_of(problem) == "return x @ torch.ones(3, 3)"


def test_an_output_of_an_unknown_class_is_told():
    class Box:
        def __init__(self, x):
            self.x = x

    class Boxed(nn.Module):
        def forward(self, x):
            return Box(x + 1)

    assert "register_pytree_node" in problem_of(Boxed(), images(1, 2)).hint


def test_a_forward_that_ends_the_program_does_not_end_ours():
    class Leaves(nn.Module):
        def forward(self, x):
            raise SystemExit(7)

    problem = problem_of(Leaves(), images(1))
    assert line_of(problem) == "raise SystemExit(7)"
    assert "SystemExit" in problem.why


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_part_in_torchscript_that_torch_cannot_see_through():
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()))

        def forward(self, x):
            return self.inner(x)

    assert problem_of(Around().eval(), images(1, 3, 4, 4)).hint.startswith("inner is TorchScript")
