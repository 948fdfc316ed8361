"""Models from a user's own Python: `package.module:function` or `path/to/file.py:function`, run with what it needs."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from msgspec import Struct
from torch.export import ExportedProgram

from caffe_ir.error_kinds.general import NO_SUCH_FILE
from caffe_ir.error_kinds.opening import FUNCTION_ARGUMENTS, FUNCTION_FAILED, NO_FUNCTION, NOT_A_MODEL
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.near_misses import did_you_mean
from converters.pytorch.capture.capture import Model

FACTORY = "give package.module:function or path/to/file.py:function that returns the model, with --weights FILE"
_TORCH = str(Path(torch.__file__).parent)
OURS = ("converters", "caffe_ir")
"""The packages of this program."""
_OUR_PLACE = Path(__file__).parents[2]
SHOWN = 8
"""So many names of a file's functions are listed."""


class Made(Struct, frozen=True, kw_only=True):
    """A model that a function made, and whether it drew random numbers for it, as every new layer does."""

    model: Model
    random: bool = False
    factory: Callable[..., Any] | None = None


def load_factory(place: str, arguments: Mapping[str, Any] | None = None) -> Made:
    """The model that `package.module:function` or `file.py:function` returns, or is, where it names a module.

    File and function run with torch's seed 0, so that random weights are the same at every call. Raises
    ConversionError; what the function raises is reported with its own traceback.
    """
    holder, colon, name = place.rpartition(":")
    if not colon or not holder or not name.isidentifier():
        raise ConversionError(_no_function(place))
    given = dict(arguments or {})
    with _seeded() as drawn:
        factory = _function(holder, name)
    if isinstance(factory, torch.nn.Module):
        if given:
            raise ConversionError(
                Problem(
                    kind=FUNCTION_ARGUMENTS, what=f"{place} is a model, not a function: --arg has no meaning for it"
                )
            )
        return Made(model=factory, random=drawn.numbers)
    _refuse_arguments(place, factory, given)
    with _told_as_the_users(f"{place} raised"), _seeded() as drawn:
        made = factory(**given)
    if not isinstance(made, torch.nn.Module | ExportedProgram):
        kind = f"the class {made.__name__}" if isinstance(made, type) else f"{_kind(made)}, which is not a model"
        hint = "it must return the model itself, a torch.nn.Module"
        raise ConversionError(Problem(kind=NOT_A_MODEL, what=f"{place} returned {kind}", hint=hint))
    return Made(model=made, random=drawn.numbers, factory=factory)


class _Drawn:
    """Whether random numbers were drawn."""

    numbers = False


@contextmanager
def _seeded() -> Iterator[_Drawn]:
    """torch's random numbers from seed 0 on, and the user's own behind it."""
    drawn = _Drawn()
    with torch.random.fork_rng(devices=[]):
        before = torch.manual_seed(0).get_state()
        yield drawn
        drawn.numbers = not torch.equal(torch.random.get_rng_state(), before)


def import_file(path: Path) -> ModuleType:
    """The module that a Python file holds, run as Python runs a file: what lies beside it can be imported.

    Raises ConversionError, with the file's own traceback.
    """
    if not path.is_file():
        raise ConversionError(Problem(kind=NO_SUCH_FILE, what=f"there is no file {path}", hint="check the path"))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConversionError(
            Problem(kind=NO_FUNCTION, what=f"{path} is not a Python file", hint="its name must end in .py")
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    _search(path.parent)
    dotted = ".".join(path.with_suffix("").parts)
    hint = f"a file of a package is named by its package, for example {dotted}:function"
    with _told_as_the_users(f"{path} cannot be imported:", relative=hint):
        spec.loader.exec_module(module)
    return module


def _no_function(place: str) -> Problem:
    called = re.fullmatch(r"(.+:\w+)\((.*)\)", place)
    if called is None:
        return Problem(kind=NO_FUNCTION, what=f"{place!r} names no function", hint=FACTORY)
    hint = f"did you mean {called[1]}?" + (" Its arguments are given as --arg NAME=VALUE" if called[2] else "")
    return Problem(kind=NO_FUNCTION, what=f"{place!r} names no function", why="tocaffe calls it", hint=hint)


def _function(holder: str, name: str) -> Callable[..., Any]:
    """The function, class or module of that name."""
    module = import_file(Path(holder)) if holder.endswith(".py") else _imported(holder)
    factory: Callable[..., Any] | None = getattr(module, name, None)
    if callable(factory):
        return factory
    if hasattr(module, name):
        what = f"{name} in {holder} is {_kind(factory)}, not a function that returns a model"
        raise ConversionError(Problem(kind=NO_FUNCTION, what=what))
    known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    listed = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    raise ConversionError(
        Problem(
            kind=NO_FUNCTION,
            what=f"{holder} has no function {name}",
            why=f"it has {listed}" if known else "",
            hint=_elsewhere(holder, name) or did_you_mean(name, known, most=3),
        )
    )


def _elsewhere(holder: str, name: str) -> str:
    """The nearest module of the package that has the function, of those that are loaded, as timm.models for timm."""
    inside = [
        place for place, module in sorted(sys.modules.items())
        if place.startswith(f"{holder}.") and callable(getattr(module, "__dict__", {}).get(name))
    ]  # fmt: skip
    return f"did you mean {min(inside, key=len)}:{name}?" if inside else ""


def _imported(holder: str) -> ModuleType:
    _search(Path())
    with _told_as_the_users(f"{holder} cannot be imported:"):
        return importlib.import_module(holder)


def _search(folder: Path) -> None:
    """Let imports look into a folder first, as `python file.py` and `python -m` do."""
    place = str(folder.resolve())
    if sys.path[:1] != [place]:
        sys.path.insert(0, place)


def _refuse_arguments(place: str, factory: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Raise ConversionError with every argument that the function wants and does not get, or gets and does not know."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # written in C
        return
    named = {name: one for name, one in parameters.items() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    problems = Problems()
    for name in given.keys() - named.keys() if not takes_any else ():
        what, why = f"{place} has no argument {name}", f"it takes {', '.join(named) or 'none'}"
        problems.add(what, why=why, hint=did_you_mean(name, named), kind=FUNCTION_ARGUMENTS)
    for name, one in named.items():
        if one.default is one.empty and name not in given:
            problems.add(f"{place} needs a value for {name}", hint=f"give --arg {name}=VALUE", kind=FUNCTION_ARGUMENTS)
    problems.raise_if_any()


@contextmanager
def _told_as_the_users(what: str, *, relative: str = "") -> Iterator[None]:
    """What the user's code raises becomes a problem with its own part of the traceback; torch's own warnings are left
    out, since they are about how the model is written and not about what it computes."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"torch\b")
            warnings.filterwarnings("ignore", message=r"`?torch\.")
            yield
    except (Exception, SystemExit) as error:
        hint = relative if "relative import" in str(error) else _hint(error)
        raise ConversionError(_raised(f"{what} {type(error).__name__}", error, hint)) from None


def _hint(error: BaseException) -> str:
    """What helps where the user's code fails in a way that many do; empty for others."""
    if isinstance(error, ImportError | AttributeError) and (hint := _shadowed(str(error))):
        return hint
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install it for this Python, {sys.executable}, or put the folder that has it on PYTHONPATH"
    if "operator torchvision::" in str(error):
        return "torch and torchvision are of different builds, as for CPU and CUDA: install both from the same index"
    if re.search(r"\bCUDA\b|\bNVIDIA\b", str(error)) and not torch.cuda.is_available():
        return "torch has no GPU here: make the model on the CPU (device='cpu', torch.load(..., map_location='cpu'))"
    return ""


def _shadowed(text: str) -> str:
    """What to do where the user has a package or a module that is called as one of ours, which is loaded first."""
    for name in OURS:
        found = (Path(folder or ".") / ending for folder in sys.path for ending in (name, f"{name}.py"))
        his = next((place for place in found if place.exists() and not _OUR_PLACE.samefile(place.parent)), None)
        if his is not None and re.search(rf"'{name}(\.\w+)*'", text):
            return (
                f"{his} has the name of a package of this program, which Python found first: rename it, or export the "
                "model where your own is found, torch.export.save(torch.export.export(model, inputs), 'model.pt2'), "
                "and convert that"
            )
    return ""


def _raised(what: str, error: BaseException, hint: str) -> Problem:
    """A problem with the user's part of the traceback: from his own file on, as far as he called torch."""
    frames = traceback.extract_tb(error.__traceback__)
    hidden = (__file__, importlib.__file__, contextmanager.__code__.co_filename, "<frozen")
    own = [frame for frame in frames if not frame.filename.startswith(hidden)]
    while len(own) > 1 and own[-1].filename.startswith(_TORCH):
        own.pop()
    text = "".join(traceback.format_list(own)) + "".join(traceback.format_exception_only(error))
    return Problem(kind=FUNCTION_FAILED, what=what, trace=text.rstrip(), hint=hint)


def _kind(made: object) -> str:
    return "None" if made is None else f"a value of type {type(made).__name__}"
