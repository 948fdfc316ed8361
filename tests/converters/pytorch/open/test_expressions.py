"""The grammars of sizes and guards hold what torch writes and nothing that runs."""

from __future__ import annotations

import pytest
import sympy
import torch
from torch.utils._sympy import functions

from converters.pytorch.open.expressions import SIZE_FUNCTIONS, fault_of_guard, fault_of_size

SIZES = [
    "Symbol('s77', positive=True, integer=True)",
    "Mul(Integer(4), Max(Integer(1), Mul(Integer(2), "
    "FloorDiv(Add(Symbol('s0', integer=True), Integer(-1)), Integer(4)))))",
    "LessThan(Symbol('u0', integer=True), Integer(99))",
    "Pow(Symbol('s0', positive=True), Rational(1, 2))",
    "ToFloat(Float('0.5', precision=53))",
    "Float('-1.5e-7', precision=53)",
    "s77 + 2",
    "2*s0",
    "((s0 - 1)//2)**2 % 3",
    "-int_oo",
    "Or(Eq(s0, 1), True) & (s1 < 3)",
]
RUNNING = [
    "__import__('os').mkdir('x')",
    "exit()",
    "open('x', 'w')",
    "s0.__class__",
    "().__class__",
    "[exit() for s0 in s1]",
    "lambda: exit()",
    "Max(exit(), 1)",
    "Symbol(exit())",
    "Symbol('s0', positive=exit())",
    "Integer(exit())",
    "Integer(*s0)",
    "Max(*s0)",
    "f'{exit()}'",
    "Symbol('x') if exit() else 1",
    "(s0 := 1)",
    "lambdify(s0, 'exit()')",
    "sympify('exit()')",
    "S('exit()')",
    "parse_expr('exit()')",
    "'exit()'",
    "exit",
    "getattr(s0, 'x')",
    "Symbol('exit()')",
    "Float('exit()')",
    "s0\n+exit()",
    "s0 # \n exit()",
    "s0; exit()",
    "s0!",
    "s0[0]",
    "1j",
    "not exit()",
    "s0 in exit()",
]
ENDLESS = [
    "9**9**9**9",
    "Pow(Integer(9), Pow(Integer(9), Integer(9)))",
    "Pow(Integer(9), Integer(999999999))",
    "(((9**64)**64)**64)**64",
    "LShift(Integer(1), Integer(99999999999))",
    "1 << 99999999",
    "Integer(" + "9" * 5000 + ")",
    "-" * 5000 + "1",
    "1" + "+1" * 5000,
    "s0+" * 50_000 + "1",
    "Abs(" * 99 + "Abs(s0)" + ")" * 99,
]


@pytest.mark.parametrize("text", SIZES)
def test_sizes_as_torch_writes_them(text: str) -> None:
    assert fault_of_size(text) == ""


@pytest.mark.parametrize("text", [*RUNNING, *ENDLESS, "", " "], ids=lambda text: text[:30])
def test_what_would_run_or_never_end_is_no_size(text: str) -> None:
    assert fault_of_size(text)


def test_the_functions_are_classes_of_sympy_and_torch_that_take_numbers() -> None:
    """Whatever a name of the grammar leads to when torch evaluates it, it is a class of expressions."""
    namespace: dict[str, object] = {}
    exec("from sympy import *", namespace)
    names = SIZE_FUNCTIONS.pattern.split("|")
    own = {name: getattr(functions, name) for name in names if hasattr(functions, name)}
    for name in names:
        found = own.get(name, namespace.get(name))
        assert found is None or (isinstance(found, type) and issubclass(found, sympy.Basic)), name


GUARDS = [
    "((2*(((-1) + L['x'].size()[2]) // 4)) % (4*(((-1) + L['x'].size()[3]) // 4))) != 0",
    "max(1, L['args'][0]['a b'].size()[3]) <= math.trunc(4)",
    "L['x'].size()[0] == ((-2) + L['y'].size()[0])",
    "not (L['n'] == 3) and 1 < torch.sym_min(L['x'].stride()[0], 2) < math.inf",
]


@pytest.mark.parametrize("text", GUARDS)
def test_guards_as_torch_writes_them(text: str) -> None:
    assert fault_of_guard(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        *(text for text in RUNNING if text not in ("Symbol('x') if exit() else 1",)),
        *("print(1)", "L.x", "L['x'].__class__ == 1", "L['x'](1) == 0", "L['x'].size(exit())", "torch.os", "math.sys"),
        *("L[exit()]", "torch.load('x')", "max(*L)", "L['x'].size().__class__", 'L["it\'s"] == 1', "L['\\x22'] == 1"),
        *("True), exit(), (True", 'True, "a"); exit(); (1'),
    ],
)
def test_what_would_run_is_no_guard(text: str) -> None:
    assert fault_of_guard(text)


def test_a_size_and_its_text_are_one_number_for_sympy() -> None:
    """What the grammar lets through means for torch what it meant when it was written."""
    text = SIZES[1]
    known = {"FloorDiv": functions.FloorDiv, "Max": functions.Max}
    value = sympy.sympify(text, locals=known).subs(sympy.Symbol("s0", integer=True), 21)
    assert value == 4 * max(1, 2 * ((21 - 1) // 4))
    assert torch.__version__
