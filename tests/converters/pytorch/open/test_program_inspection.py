"""Archives that would run code are refused before torch opens them, and good ones are not."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch._export.serde.serialize import serialize
from torch.export import Dim

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.open.files import open_model
from converters.pytorch.open.program_inspection import faults_of_program
from tests.converters.pytorch import hostile
from tests.converters.pytorch.hostile import Attack, Entries

NAMES = [attack.__name__ for attack in (*hostile.RUNNING, *hostile.STOPPED)]


@pytest.fixture(scope="module")
def good() -> tuple[Entries, Entries]:
    return hostile.entries_of(hostile.program()), hostile.entries_of(hostile.program(dynamic=False))


def attacked(attack: Attack, entries: Entries, folder: Path) -> Path:
    own = dict(entries)
    attack(own, folder / "marker")
    return hostile.write(own, folder / "model.pt2")


def use(path: Path, *, trust: bool) -> None:
    model = open_model(path, trust_pickle=trust)
    assert isinstance(model, torch.export.ExportedProgram)
    args, kwargs = model.example_inputs or ((), {})
    convert(model, args, example_kwargs=kwargs)


@pytest.mark.parametrize("attack", [*hostile.RUNNING, *hostile.STOPPED], ids=NAMES)
def test_what_would_run_is_refused_with_its_entry(
    attack: Attack, good: tuple[Entries, Entries], tmp_path: Path
) -> None:
    dynamic = attack is not hostile.file_of_an_operation
    path = attacked(attack, good[0 if dynamic else 1], tmp_path)
    with pytest.raises(ConversionError, match="opening it could run code") as refused:
        use(path, trust=False)
    assert all(problem.what.startswith(f"{path} has ") for problem in refused.value.problems)
    assert any("in its entry archive/" in problem.what for problem in refused.value.problems)
    assert "--trust-pickle opens it" in refused.value.problems[0].hint
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("attack", hostile.RUNNING, ids=[attack.__name__ for attack in hostile.RUNNING])
def test_the_same_does_run_where_the_file_is_trusted(
    attack: Attack, good: tuple[Entries, Entries], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These attacks work: what is refused above is not a straw man."""
    if attack is hostile.pickled_object and torch.__version__.startswith("2.9."):
        pytest.skip("torch 2.9 reads no entries of pickled objects")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for module in ("imported_by_a_key", "imported_by_a_factory"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    dynamic = attack is not hostile.file_of_an_operation
    path = attacked(attack, good[0 if dynamic else 1], tmp_path)
    with suppress(Exception):  # some do their harm and fail then
        use(path, trust=True)
    assert (tmp_path / "marker").exists()


# ---- programs that are as torch writes them --------------------------------------------------------------------------


class Sizes(nn.Module):
    """Sizes that lead to FloorDiv, Max, Mod, sums and products in the file, and to guards."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.odd = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Conv2d(4, 4, 3, stride=2)
        self.named = nn.ParameterDict({"a-b c": nn.Parameter(torch.ones(1))})

    def forward(self, x: torch.Tensor, *more: torch.Tensor, extra: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        y = torch.relu(self.odd(self.down(x))) * self.named["a-b c"]
        y = nn.functional.interpolate(y, scale_factor=2.0, mode="bilinear")
        flat = y.flatten(2)
        part = flat[:, :, : flat.shape[2] // 3]
        return {"out": flat.mean(2) + more[0].mean(), "part": torch.cat([flat, part], 2), "in": extra["it is"] * 2}


def sizes() -> torch.export.ExportedProgram:
    auto = Dim.AUTO
    shapes = {"x": {0: Dim("batch"), 2: auto, 3: auto}, "more": ({0: Dim("k")},), "extra": {"it is": None}}
    inputs = (torch.randn(2, 3, 33, 35), torch.randn(2))
    return torch.export.export(Sizes().eval(), inputs, {"extra": {"it is": torch.ones(3)}}, dynamic_shapes=shapes)


class Derived(nn.Module):
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return x + y[1:-1]


def derived() -> torch.export.ExportedProgram:
    size = Dim("d", min=3, max=40)
    shapes = {"x": {0: size}, "y": {0: size + 2}}
    return torch.export.export(Derived(), (torch.randn(5), torch.randn(7)), dynamic_shapes=shapes)


class Numbers(nn.Module):
    """Sizes that come out of tensors, with their conditions and messages."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        count = x.sum().to(torch.int64).item()
        torch._check(count >= 2)
        torch._check(count < 100)
        return torch.zeros(count * 2 + 1), x.nonzero()  # type: ignore[arg-type]


class Inner(nn.Module):
    """Programs within the program."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.linear(x)
        with torch.no_grad():
            z = y * 2
        halves = torch.cond(x.sum() > 0, lambda a: a + 1, lambda a: a - 1, (x,))
        return halves + y + z


class Mapped(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.vmap(lambda a: a * 2 + a.sum())(x)


GOOD: dict[str, Callable[[], torch.export.ExportedProgram]] = {
    "sizes": sizes,
    "derived": derived,
    "numbers": lambda: torch.export.export(Numbers(), (torch.randn(5) + 3,)),
    "inner": lambda: torch.export.export(Inner().eval(), (torch.randn(3, 4),)),
    "mapped": lambda: torch.export.export(Mapped(), (torch.randn(3, 4),)),
    "named": hostile.program,
    "decomposed": lambda: sizes().run_decompositions(),
    "einsum": lambda: torch.export.export(Einsum(), (torch.randn(2, 3), torch.randn(3, 4))),
}


class Einsum(nn.Module):
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(torch.einsum("ij,jk->ik", x, y), (1, 1), mode="constant", value=float("inf"))


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch's own, from its decompositions
@pytest.mark.parametrize("name", GOOD)
def test_programs_as_torch_writes_them_are_opened(name: str, tmp_path: Path) -> None:
    if name == "mapped" and torch.__version__.startswith("2.9."):
        pytest.skip("torch 2.9 cannot save a program with torch.vmap")
    torch.export.save(GOOD[name](), tmp_path / "model.pt2", extra_files={"labels.txt": "cat\ndog 'n' \"cow\""})
    with open(tmp_path / "model.pt2", "rb") as file:
        assert faults_of_program(file) == []
    assert isinstance(open_model(tmp_path / "model.pt2"), torch.export.ExportedProgram)


def old_form(program: torch.export.ExportedProgram, path: Path, **changed: bytes) -> Path:
    """As torch wrote it up to 2.7: sizes as `str` spells them, everything else pickled."""
    made = serialize(program)
    text = made.exported_program.decode()
    for old, new in (("Symbol('", ""), ("', positive=True, integer=True)", ""), ("Integer(", "(")):
        text = text.replace(old, new)
    entries = {
        "version": b"8.8",
        "serialized_exported_program.json": text.encode(),
        "serialized_state_dict.pt": made.state_dict,
        "serialized_constants.pt": made.constants,
        "serialized_example_inputs.pt": made.example_inputs,
        "extra_files/labels.txt": b"cat",
    }
    return hostile.write({**entries, **{f"serialized_{name}.pt": content for name, content in changed.items()}}, path)


def test_the_old_form_is_opened_and_inspected_alike(tmp_path: Path) -> None:
    model = open_model(old_form(hostile.program(), tmp_path / "old.pt2"))
    assert isinstance(model, torch.export.ExportedProgram)
    for name in ("state_dict", "constants", "example_inputs"):
        hostile_one = hostile.saved({"a": hostile.Runs(tmp_path / "marker")})
        with pytest.raises(ConversionError, match=f"posix.mkdir in its entry serialized_{name}.pt"):
            open_model(old_form(hostile.program(), tmp_path / "old.pt2", **{name: hostile_one}))
    assert not (tmp_path / "marker").exists()


def test_one_archive_cannot_be_both_forms(good: tuple[Entries, Entries], tmp_path: Path) -> None:
    """torch reads the old form where the new one fails."""
    old_form(hostile.program(), tmp_path / "old.pt2")
    with zipfile.ZipFile(tmp_path / "old.pt2") as archive:
        both = {**good[0], **{name: archive.read(name) for name in archive.namelist()}}
    with pytest.raises(ConversionError, match="something unknown in its entry archive/"):
        open_model(hostile.write(both, tmp_path / "both.pt2"))


def test_entries_that_are_not_known_are_refused(good: tuple[Entries, Entries]) -> None:
    for name in ("archive/data/executorch/model.pte", "archive/data/constants/custom_obj_0", "archive/code.py"):
        assert faults_of_program(written({**good[0], name: b"x"})) == [f"has something unknown in its entry {name}"]


def written(entries: Entries) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, held in entries.items():
            archive.writestr(name, held)
    return content


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"graph_module": 3}', b"[" * 100_000, b'{"graph_module": {"graph": []}}', b"\xff"]
)
def test_what_is_no_program_is_said(content: bytes, good: tuple[Entries, Entries]) -> None:
    (fault,) = faults_of_program(written({**good[0], hostile.MODEL: content}))
    assert fault.startswith("has something else than a program (")


@pytest.mark.parametrize("content", [b"{}", b'{"confg": {}}', b'{"config": {"a": {}}}', b'{"config": []}', b"3"])
def test_a_list_of_weights_that_lacks_parts(content: bytes, good: tuple[Entries, Entries]) -> None:
    """What torch would miss in it, torch says; nothing else comes of it."""
    for name in (hostile.WEIGHTS, hostile.CONSTANTS):
        faults = faults_of_program(written({**good[0], name: content}))
        assert all(fault.startswith("has something else than weights (") for fault in faults)


def test_a_program_that_torch_cannot_run_again_is_refused(good: tuple[Entries, Entries], tmp_path: Path) -> None:
    """Two arguments of one name, and no signature at all: nothing that runs, and nothing that works."""

    def no_signature(model: Any) -> None:
        model["graph_module"]["module_call_graph"][0]["signature"] = None

    def one_name(model: Any) -> None:
        hostile.signature_of(model)["forward_arg_names"] = ["x", "x", "scale"]

    for change in (no_signature, one_name):
        entries = dict(good[0])
        with hostile.edited(entries) as model:
            change(model)
        with pytest.raises(ConversionError):
            use(hostile.write(entries, tmp_path / "model.pt2"), trust=False)


def test_of_many_faults_the_first_are_reported_once_each(good: tuple[Entries, Entries]) -> None:
    entries = dict(good[0])
    with hostile.edited(entries) as model:
        model["guards_code"] = ["exit()", "exit()", "a.b", "c.d", "e.f", "g.h"]
    assert len(faults_of_program(written(entries))) == 3


def test_an_operation_of_the_users_own_is_his_handlers(good: tuple[Entries, Entries]) -> None:
    entries = dict(good[1])
    entries[hostile.MODEL] = entries[hostile.MODEL].replace(b"torch.ops.aten.relu.", b"torch.ops.mylib.op.")
    (fault,) = faults_of_program(written(entries))
    assert "--plugin FILE gives it a handler" in fault
    assert faults_of_program(written(entries), {"mylib.op.default"}) == []


def test_a_number_in_the_place_of_a_text_is_refused(good: tuple[Entries, Entries]) -> None:
    """sympify takes lists and evaluates the texts in them."""
    entries = dict(good[0])
    with hostile.edited(entries) as model:
        hostile.graph_of(model)["tensor_values"]["x"]["sizes"][2]["as_expr"]["expr_str"] = ["exit()"]
    (fault,) = faults_of_program(written(entries))
    assert "SymExpr.expr_str is of type list" in fault
    assert json.loads(entries[hostile.MODEL])
