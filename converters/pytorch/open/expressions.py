"""What a program in a file may say about sizes, in texts that torch evaluates: arithmetic of numbers and names.

torch gives the sizes of a saved program to sympy's `sympify` (torch/_export/serde/serialize.py), and its guards to
`exec` (torch/export/_unlift.py); both run any Python that stands there. These are the grammars of what torch writes:
sizes as sympy's `srepr` or `str` spell them, guards as comparisons of the sizes of inputs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

LONGEST = 100_000
"""Characters; a U-Net with two free sizes has some hundred."""
DEEPEST = 100
"""So deep expressions nest, in brackets or in operators."""
LARGEST = 1 << 64
MOST_POWER = 64
"""So large are exponents and shifts, which must be numbers: sympy computes powers of numbers at once."""
MOST_POWERS = 3
"""So many powers may stand inside each other."""

_HARMLESS = r"\w .,:;/+\-=()\[\]<>@*|&~^%!?"
PLAIN = re.compile(rf"[{_HARMLESS}]*")
"""Texts without quotes, backslashes, braces or new lines, which torch puts into Python between quotes."""
_OF_GUARDS = re.compile(rf"[{_HARMLESS}']*")
_OF_SIZES = re.compile(r"[\w .,+\-*/%()\[\]<>=!&|~']*", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_SYMBOL = re.compile(r"[a-z][a-z_]{0,9}\d{1,6}|int_oo|oo|true|false", re.ASCII)
"""What torch calls a size (torch/utils/_sympy/symbol.py), and sympy's names for the ends of a range and for truth."""
_FLOAT = re.compile(r"-?\d+(\.\d*)?(e[+-]?\d{1,3})?", re.ASCII)

_POWERS = frozenset({"Pow", "PowByNatural", "FloatPow", "LShift", "RShift"})
SIZE_FUNCTIONS = re.compile(
    "Abs|Add|And|BitwiseFn_bitwise_and|BitwiseFn_bitwise_or|BitwiseFn_bitwise_xor|CeilDiv|CeilToInt|CleanDiv|Eq|Equality|"
    "ExprCondPair|FloatPow|FloatTrueDiv|FloorDiv|FloorToInt|Ge|GreaterThan|Gt|Identity|IntTrueDiv|"
    "IsNonOverlappingAndDenseIndicator|LShift|Le|LessThan|Lt|Max|Min|Mod|ModularIndexing|Mul|Ne|Not|Or|Piecewise|Pow|"
    "PowByNatural|PythonMod|RShift|Rational|RoundDecimal|RoundToInt|StrictGreaterThan|StrictLessThan|ToFloat|"
    "TruncToFloat|TruncToInt|Tuple|Unequality|Where|ceiling|floor|sign"
)
GUARD_FUNCTIONS = re.compile(
    r"IsNonOverlappingAndDenseIndicator|abs|cast_symbool_to_symint_guardless|float|int|max|min|round|"
    r"math\.(ceil|floor|isnan|sqrt|trunc)|torch\.(sym_(float|int|ite|max|min|not|sqrt)|_sym_sqrt)"
)
_SIZES_OF_TENSORS = frozenset({"size", "stride", "storage_offset", "dim", "numel"})


def fault_of_size(text: str) -> str:
    """Why a text is not a size, range or condition that torch writes; empty where it is one."""
    return _fault(text, _parts_of_size, _OF_SIZES)


def fault_of_guard(text: str) -> str:
    """Why a text is not a condition on the inputs that torch writes; empty where it is one."""
    return _fault(text, _parts_of_guard, _OF_GUARDS)


Parts = Iterator[ast.expr]


class _Beyond(Exception):
    """Something that is not arithmetic."""


def _fault(text: str, parts: Callable[[ast.expr], Parts], characters: re.Pattern[str]) -> str:
    if len(text) > LONGEST:
        return f"it has {len(text):,} characters"
    if not characters.fullmatch(text):
        return "it has characters that arithmetic does not need"
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        level, powers = [(tree, 0)], 0
        for _ in range(DEEPEST):
            level = [(part, above + _is_power(node)) for node, above in level for part in parts(node)]
            powers = max([powers, *(above for _, above in level)])
        if level or powers > MOST_POWERS:
            return "it nests too deep"
    except _Beyond as error:
        return str(error)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "it is not an expression"
    return ""


def _parts_of_size(node: ast.expr) -> Parts:
    if isinstance(node, ast.Name):
        if not _SYMBOL.fullmatch(node.id):
            raise _Beyond(f"{node.id} is not a name of a size")
        return
    if isinstance(node, ast.Call):
        yield from _parts_of_call(node)
        return
    yield from _parts_of_arithmetic(node)


def _parts_of_call(node: ast.Call) -> Parts:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if name in ("Symbol", "Integer", "Float"):
        _check_atom(name, node)
        return
    if not SIZE_FUNCTIONS.fullmatch(name) or node.keywords:
        raise _Beyond(f"{name}(...) is not a function of sizes")
    if name in _POWERS and (len(node.args) != 2 or not _is_small(node.args[1])):
        raise _Beyond(f"{name}(...) has an exponent that is not a small number")
    yield from node.args


def _check_atom(name: str, node: ast.Call) -> None:
    """Symbol('s0', positive=True), Integer(-1), Float('0.5', precision=53). Raises _Beyond."""
    values = [_literal(argument) for argument in node.args]
    options = {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
    if name == "Symbol":
        good = _all_match(values, _IDENTIFIER) and all(value in (True, False) for value in options.values())
    elif name == "Integer":
        good = len(values) == 1 and isinstance(values[0], int) and not options
    else:
        good = _all_match(values, _FLOAT) and all(isinstance(value, int) for value in options.values())
        good = (
            good and options.keys() <= {"precision", "dps"} and all(0 < int(value) < 1000 for value in options.values())
        )
    if not good or None in options:
        raise _Beyond(f"{ast.unparse(node)[:60]} is not a {name} that torch writes")


def _all_match(values: Sequence[object], pattern: re.Pattern[str]) -> bool:
    return len(values) == 1 and isinstance(values[0], str) and bool(pattern.fullmatch(values[0]))


def _literal(node: ast.expr) -> str | int | float:
    """A text or a number, with its sign. Raises _Beyond."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand)
        if not isinstance(value, str):
            return -value
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) < LARGEST:
        return node.value
    raise _Beyond(f"{ast.unparse(node)[:60]} is not a number")


def _parts_of_arithmetic(node: ast.expr) -> Parts:
    """The operands of an operator; nothing for a number. Raises _Beyond."""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
        if isinstance(node.op, ast.Pow | ast.LShift | ast.RShift) and not _is_small(node.right):
            raise _Beyond("a power has an exponent that is not a small number")
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        if any(isinstance(operator, ast.In | ast.NotIn | ast.Is | ast.IsNot) for operator in node.ops):
            raise _Beyond("it asks for more than the order of numbers")
        yield from (node.left, *node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield from (node.test, node.body, node.orelse)
    elif isinstance(_literal(node), str):
        raise _Beyond("a text stands in the place of a number")


def _is_power(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _POWERS
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift | ast.RShift)


def _is_small(node: ast.expr) -> bool:
    """Whether an exponent is a small number: 2, -1, Integer(2), Float('0.5', precision=53), Rational(1, 2)."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "Float":
            return True
        return node.func.id in ("Integer", "Rational") and all(map(_is_small, node.args))
    try:
        value = _literal(node)
    except _Beyond:
        return False
    return not isinstance(value, str) and abs(value) <= MOST_POWER


# ---- guards ----------------------------------------------------------------------------------------------------------


def _parts_of_guard(node: ast.expr) -> Parts:
    if isinstance(node, ast.Attribute) and ast.unparse(node) == "math.inf":
        return
    of_input = isinstance(node, ast.Subscript) or (isinstance(node, ast.Name) and node.id == "L")
    if of_input or (isinstance(node, ast.Call) and _is_of_tensor(node.func)):
        _check_source(node)
    elif isinstance(node, ast.Call):
        name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
        if not GUARD_FUNCTIONS.fullmatch(name) or node.keywords:
            raise _Beyond(f"{name or 'what it calls'} is not a function of sizes")
        yield from node.args
    else:
        yield from _parts_of_arithmetic(node)


def _is_of_tensor(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in _SIZES_OF_TENSORS


def _check_source(node: ast.expr) -> None:
    """Raise _Beyond where something is not an input or its size: L['x'], L['args'][0].size()[1]."""
    while not (isinstance(node, ast.Name) and node.id == "L"):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_of_tensor(node.func):
            if node.args or node.keywords:
                raise _Beyond("a size is asked for with arguments")
            node = node.func.value
        elif isinstance(node, ast.Subscript):
            key = _literal(node.slice)
            if isinstance(key, str) and not PLAIN.fullmatch(key):
                raise _Beyond("an input has a name with quotes")
            node = node.value
        else:
            raise _Beyond(f"{ast.unparse(node)[:60]} is not an input")
