"""Models from a user's own Python."""

from __future__ import annotations

import sys
import textwrap

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch.open.factories import import_file, load_factory


@pytest.fixture
def models(tmp_path):
    path = tmp_path / "some_models.py"
    path.write_text(
        textwrap.dedent("""
            from torch import nn

            size = 3
            made = nn.Conv2d(3, 2, 1)

            def small(width=3):
                return nn.Conv2d(3, width, 1)

            def broken():
                return inner()

            def inner():
                raise ValueError("no such variant")

            def number():
                return 7
            """),
        encoding="utf-8",
    )
    yield path
    sys.modules.pop("some_models", None)


def test_a_factory_in_a_file_and_in_a_package(models, monkeypatch):
    assert len(load_factory(f"{models}:small").model.state_dict()["weight"]) == 3
    assert len(load_factory(f"{models}:small", {"width": 5}).model.state_dict()["weight"]) == 5
    monkeypatch.syspath_prepend(models.parent)
    assert isinstance(load_factory("some_models:small").model, nn.Conv2d)


def test_a_factory_that_raises_is_told_with_its_own_traceback(models):
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{models}:broken")
    text = str(refused.value)
    assert "broken raised ValueError" in text
    assert "no such variant" in text
    assert 'some_models.py", line 14, in inner' in text
    assert "converters" not in text


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("{}", "names no function"),
        ("{}:absent", "has no function absent (it has made, small, broken, inner, number)"),
        ("{}:number", "returned a value of type int, which is not a model"),
        ("{}x.py:small", "there is no file"),
        ("no.such.package:small", "cannot be imported: ModuleNotFoundError"),
        ("torch:Conv2d", "did you mean torch.nn:Conv2d?"),
        ("{}:small:", "names no function"),
        ("{}:small()", "some_models.py:small?"),
        ("{}:small(width=5)", "Its arguments are given as --arg NAME=VALUE"),
        ("{}:size", "size in {} is a value of type int, not a function that returns a model"),
    ],
)
def test_what_is_no_factory(models, place, message):
    with pytest.raises(ConversionError) as refused:
        load_factory(place.format(models))
    assert message.format(models) in str(refused.value)


def test_a_model_that_stands_in_the_file(models):
    first, again = (load_factory(f"{models}:made").model.state_dict()["weight"] for _ in range(2))
    assert first.shape == (2, 3, 1, 1)
    assert first.equal(again)
    with pytest.raises(ConversionError, match="is a model, not a function: --arg has no meaning"):
        load_factory(f"{models}:made", {"width": 3})


def write(folder, name, text):
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.fixture
def own_path(monkeypatch):
    """sys.path as it was, afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_file_may_import_what_lies_beside_it(tmp_path, own_path, monkeypatch):
    """As with `python file.py` and `python -m package.module`; the program `convert` has neither folder by itself."""
    write(tmp_path, "layers_of_ours.py", "from torch import nn\ndef conv(): return nn.Conv2d(3, 4, 1)\n")
    path = write(tmp_path, "net_of_ours.py", "from layers_of_ours import conv\ndef net(): return conv()\n")
    assert isinstance(load_factory(f"{path}:net").model, nn.Conv2d)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in ("", str(tmp_path))])
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "another_of_ours.py", "from torch import nn\ndef net(): return nn.ReLU()\n")
    assert isinstance(load_factory("another_of_ours:net").model, nn.ReLU)


def test_all_arguments_that_do_not_fit_are_told(tmp_path, own_path):
    path = write(tmp_path, "wants.py", "def net(width, depth, *, act='relu'): return width\n")
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{path}:net", {"depht": 3})
    assert [str(problem) for problem in refused.value.problems] == [
        f"{path}:net has no argument depht (it takes width, depth, act)\n    -> did you mean depth?",
        f"{path}:net needs a value for width\n    -> give --arg width=VALUE",
        f"{path}:net needs a value for depth\n    -> give --arg depth=VALUE",
    ]
    path = write(
        tmp_path, "takes_any.py", "from torch import nn\ndef net(**options): return nn.Linear(*options['n'])\n"
    )
    assert isinstance(load_factory(f"{path}:net", {"n": (1, 2)}).model, nn.Linear)


def test_names_that_come_near(models):
    with pytest.raises(ConversionError, match="-> did you mean small"):
        load_factory(f"{models}:smal")


def test_a_program_is_a_model_as_well(tmp_path, own_path):
    text = "import torch\ndef net(): return torch.export.export(torch.nn.ReLU(), (torch.zeros(1),))\n"
    assert isinstance(load_factory(f"{write(tmp_path, 'exports.py', text)}:net").model, torch.export.ExportedProgram)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys\nsys.exit(3)\n", "cannot be imported: SystemExit"),
        ("import sys\ndef net(): sys.exit('not today')\n", "not today"),
        ("from torch import nn\ndef net(): return nn.ReLU\n", "returned the class ReLU"),
        ("def net(): return None\n", "returned None, which is not a model"),
        ("def net(: pass\n", "SyntaxError: invalid syntax"),
    ],
)
def test_files_and_functions_that_do_other_things(tmp_path, own_path, text, message):
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{write(tmp_path, 'strange.py', text)}:net")
    assert message in str(refused.value)


def test_a_file_of_a_package_is_told_how_it_is_named(tmp_path, own_path, monkeypatch):
    (tmp_path / "ours").mkdir()
    write(tmp_path / "ours", "net.py", "from .layers import conv\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConversionError, match=r"-> a file of a package is named by its package, .* ours\.net:function"):
        load_factory("ours/net.py:net")


def test_torch_warns_of_nothing_here_and_the_user_of_what_he_wants(tmp_path, own_path):
    text = """
        import warnings
        from torch import nn
        def net():
            warnings.warn("half of it is missing")
            return nn.utils.weight_norm(nn.Conv2d(3, 4, 1))
        """
    path = write(tmp_path, "warns.py", text)
    with pytest.warns(UserWarning, match="half of it is missing") as told:
        load_factory(f"{path}:net")
    assert len(told) == 1


def test_import_file_is_for_python(tmp_path):
    with pytest.raises(ConversionError, match=r"its name must end in \.py"):
        import_file(write(tmp_path, "net.txt", ""))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize(
    "made", ["nn.Linear(1, 1).cuda()", "nn.Linear(1, 1).to('cuda:0')", "nn.Linear(1, 1, device='cuda')"]
)
def test_a_model_for_a_gpu_that_is_not_there(tmp_path, own_path, made):
    path = write(tmp_path, "on_cuda.py", f"from torch import nn\ndef net(): return {made}\n")
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{path}:net")
    assert "-> torch has no GPU here: make the model on the CPU" in str(refused.value)


def test_of_a_traceback_the_users_part_is_shown(tmp_path, own_path):
    path = write(tmp_path, "wrong_type.py", "from torch import nn\ndef net(): return nn.Conv2d(3, 'a', 1)\n")
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{path}:net")
    assert "def net(): return nn.Conv2d(3, 'a', 1)" in str(refused.value)
    assert "torch/nn/modules" not in str(refused.value)


def test_a_package_that_is_not_installed(tmp_path, own_path):
    path = write(tmp_path, "imports.py", "import no_such_package_of_yours\n")
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{path}:net")
    assert f"-> install it for this Python, {sys.executable}" in str(refused.value)


@pytest.mark.parametrize("name", ["converters", "caffe_ir"])
@pytest.mark.parametrize(
    "statement", ["from {0}.mine import scale", "from {0} import scale", "import {0}; {0}.scale", "import {0}.mine"]
)
def test_a_package_that_is_called_as_one_of_ours(tmp_path, monkeypatch, name, statement):
    """The message says what was found in its place, and what to do."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.py").write_text("scale = 3\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = write(tmp_path, "shadowed.py", statement.format(name) + "\ndef net(): pass\n")
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{path}:net")
    (problem,) = refused.value.problems
    assert problem.hint.startswith(f"{tmp_path / name} has the name of a package of this program")
    assert "rename it" in problem.hint
    assert "torch.export.save" in problem.hint


def test_a_module_beside_it_and_other_errors_are_not_taken_for_that(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "converters.py").write_text("scale = 3\n")
    for text in ("import no_such_package", "from torch import no_such_name"):
        with pytest.raises(ConversionError) as refused:
            load_factory(f"{write(tmp_path, 'others.py', text)}:net")
        assert "has the name of a package" not in refused.value.problems[0].hint
        sys.modules.pop("others", None)


def test_the_lines_of_a_traceback_stay_lines(models):
    with pytest.raises(ConversionError) as refused:
        load_factory(f"{models}:broken")
    lines = str(refused.value).splitlines()
    assert lines[0].endswith("raised ValueError")
    assert lines[-1] == "ValueError: no such variant"
    assert any("in inner" in line for line in lines)


def test_a_torchvision_of_another_build_than_torch(tmp_path, own_path):
    """Its import registers kernels for operations that its library, built for another torch, has not made."""
    text = 'import torch\n@torch.library.register_fake("torchvision::tocaffe_none")\ndef made(x): return x\n'
    path = write(tmp_path, "other_build.py", f"{text}def net(): return None\n")
    with pytest.raises(ConversionError, match=r"-> torch and torchvision are of different builds.*same index"):
        load_factory(f"{path}:net")
