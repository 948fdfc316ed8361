"""Programs with one thing exchanged, so that opening or converting them makes a file: `marker`."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

Entries = dict[str, bytes]
Attack = Callable[[Entries, Path], None]
MODEL, INPUTS = "archive/models/model.json", "archive/data/sample_inputs/model.pt"
WEIGHTS, CONSTANTS = (
    "archive/data/weights/model_weights_config.json",
    "archive/data/constants/model_constants_config.json",
)


class Named(nn.Module):
    """Inputs by place, by name and nested; sizes that are open; a weight and a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor, y: dict[str, torch.Tensor], *, scale: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x)) * scale + y["mask"] + torch.ones(3)[0]


def program(*, dynamic: bool = True) -> torch.export.ExportedProgram:
    inputs = (torch.randn(2, 3, 9, 9), {"mask": torch.ones(1)})
    shapes = {"x": {2: torch.export.Dim("h", min=4, max=64)}, "y": {"mask": None}, "scale": None}
    return torch.export.export(
        Named().eval(), inputs, {"scale": torch.ones(1)}, dynamic_shapes=shapes if dynamic else None
    )


def entries_of(saved: torch.export.ExportedProgram) -> Entries:
    held = io.BytesIO()
    torch.export.save(saved, held)
    with zipfile.ZipFile(held) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(entries: Entries, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@contextmanager
def edited(entries: Entries, name: str = MODEL) -> Iterator[Any]:
    held = json.loads(entries[name])
    yield held
    entries[name] = json.dumps(held).encode()


def python(marker: Path) -> str:
    """An expression, without quotes or dots, that makes the file."""
    return f"exec(bytes({list(f'import os; os.mkdir({str(marker)!r})'.encode())}))"


def spelled_out(marker: Path) -> str:
    """The same for sympy, which puts the numbers of a list into classes of its own."""
    return f"__import__('os').mkdir({str(marker)!r})"


class Runs:
    """A pickle of it makes the file."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.marker,)


def saved(held: object) -> bytes:
    content = io.BytesIO()
    torch.save(held, content)
    return content.getvalue()


def graph_of(model: Any) -> Any:
    return model["graph_module"]["graph"]


def signature_of(model: Any) -> Any:
    return model["graph_module"]["module_call_graph"][0]["signature"]


def pickled_inputs(entries: Entries, marker: Path) -> None:
    entries[INPUTS] = saved(((torch.zeros(2, 3, 9, 9), Runs(marker)), {}))


def pickled_weight(entries: Entries, marker: Path) -> None:
    with edited(entries, WEIGHTS) as config:
        config["config"]["conv.weight"]["use_pickle"] = True
    entries["archive/data/weights/weight_0"] = saved(Runs(marker))


def weights_in_one_pickle(entries: Entries, marker: Path) -> None:
    entries["archive/data/weights/model.pt"] = saved({"conv.weight": Runs(marker)})


def constants_in_one_pickle(entries: Entries, marker: Path) -> None:
    entries["archive/data/constants/model.pt"] = saved({"c": Runs(marker)})


def pickled_object(entries: Entries, marker: Path) -> None:
    meta = json.loads(entries[WEIGHTS])["config"]["conv.weight"]
    with edited(entries, CONSTANTS) as config:
        config["config"]["c"] = {**meta, "path_name": "opaque_obj_0"}
    entries["archive/data/constants/opaque_obj_0"] = pickle.dumps(Runs(marker)).ljust(400)  # as long as floats


def pickled_inputs_of_another_model(entries: Entries, marker: Path) -> None:
    """torch loads every model of an archive, `models/` + anything."""
    for name in list(entries):
        if "model" in name.rpartition("/")[2]:
            head, _, last = name.rpartition("/")
            entries[f"{head}/{last.replace('model', 'other', 1)}"] = entries[name]
    entries[INPUTS.replace("model.pt", "other.pt")] = saved(((Runs(marker),), {}))


def size(entries: Entries, marker: Path) -> None:
    with edited(entries) as model:
        graph_of(model)["tensor_values"]["x"]["sizes"][2]["as_expr"]["expr_str"] = spelled_out(marker)


def size_of_a_number(entries: Entries, marker: Path) -> None:
    with edited(entries) as model:
        graph_of(model)["sym_int_values"] = {"n": {"as_expr": {"expr_str": spelled_out(marker), "hint": None}}}
        graph_of(model)["inputs"].append({"as_sym_int": {"as_name": "n"}})
        model["graph_module"]["signature"]["input_specs"].append(
            {"user_input": {"arg": {"as_sym_int": {"as_name": "n"}}}}
        )


def guard(entries: Entries, marker: Path) -> None:
    with edited(entries) as model:
        model["guards_code"] = [f"{python(marker)} is None"]


def python_function(entries: Entries, marker: Path) -> None:
    """A call of any function that can be reached from torch, in the place of a computation on constants."""
    with edited(entries) as model:
        nodes = graph_of(model)["nodes"]
        made = next(node for node in nodes if ".ones." in node["target"])
        made["target"] = "torch.os.mkdir"
        made["inputs"] = [{"name": "", "arg": {"as_string": str(marker)}, "kind": 1}]


def file_of_an_operation(entries: Entries, marker: Path) -> None:
    """aten::from_file makes a file that is not there, and what is written to the tensor is written to it."""
    with edited(entries) as model:
        made = next(node for node in graph_of(model)["nodes"] if ".ones." in node["target"])
        made["target"] = "torch.ops.aten.from_file.default"
        made["inputs"] = [
            {"name": "filename", "arg": {"as_string": str(marker)}, "kind": 1},
            {"name": "shared", "arg": {"as_bool": True}, "kind": 1},
            {"name": "size", "arg": {"as_int": 3}, "kind": 1},
        ]


def name_of_a_value(entries: Entries, marker: Path) -> None:
    entries[MODEL] = entries[MODEL].replace(b'"relu"', json.dumps(f"a = {python(marker)}; relu").encode())


def name_of_an_input(entries: Entries, marker: Path) -> None:
    """torch writes the inputs as the arguments of a function, and Python computes defaults where it is defined."""
    with edited(entries) as model:
        own = signature_of(model)["forward_arg_names"]
    entries[MODEL] = entries[MODEL].replace(b'"scale"', json.dumps(f"scale={python(marker)}").encode())
    with edited(entries) as model:
        signature_of(model)["forward_arg_names"] = own


def name_of_a_weight(entries: Entries, marker: Path) -> None:
    """torch writes getattr(self, "NAME") for a name that is not an identifier."""
    name = f'"), {python(marker)}, ("'
    for entry in (MODEL, WEIGHTS):
        entries[entry] = entries[entry].replace(b'"conv.weight"', json.dumps(name).encode())


def name_of_an_argument(entries: Entries, marker: Path) -> None:
    with edited(entries) as model:
        signature_of(model)["forward_arg_names"] = ["x", "y", f"scale={python(marker)}"]


def key_of_the_keywords(entries: Entries, marker: Path) -> None:
    """torch writes {'KEY': name}."""
    key = f"scale':{python(marker)}, 'a"
    with edited(entries) as model:
        own = signature_of(model)
        own["in_spec"] = own["in_spec"].replace('\\"scale\\"', json.dumps(json.dumps(key))[1:-1])
    entries[INPUTS] = saved(((torch.zeros(2, 3, 9, 9), {"mask": torch.ones(1)}), {key: torch.ones(1)}))


def key_of_a_dict(entries: Entries, marker: Path) -> None:
    """torch writes "Guard failed: y['KEY'].size()"."""
    key = f'm"),{python(marker)}#'
    with edited(entries) as model:
        own = signature_of(model)
        keys = json.dumps(json.dumps([key]))[1:-1]
        own["in_spec"] = own["in_spec"].replace(json.dumps('["mask"]')[1:-1], keys)
    entries[INPUTS] = saved(((torch.zeros(2, 3, 9, 9), {key: torch.ones(1)}), {"scale": torch.ones(1)}))


def key_that_is_an_enum(entries: Entries, marker: Path) -> None:
    with edited(entries) as model:
        own = signature_of(model)
        (marker.parent / "imported_by_a_key.py").write_text(f"{python(marker)}\nclass E: pass\n")
        enum = json.dumps([{"__enum__": True, "fqn": "imported_by_a_key:E", "name": "a"}])
        own["out_spec"] = json.dumps([1, {"type": "builtins.dict", "context": enum, "children_spec": []}])


def factory_of_a_defaultdict(entries: Entries, marker: Path) -> None:
    with edited(entries) as model:
        own = signature_of(model)
        (marker.parent / "imported_by_a_factory.py").write_text(f"{python(marker)}\nmake = dict\n")
        context = {
            "default_factory_module": "imported_by_a_factory",
            "default_factory_name": "make",
            "dict_context": [],
        }
        spec = {"type": "collections.defaultdict", "context": context, "children_spec": []}
        own["out_spec"] = json.dumps([1, spec])


def compiled_code(entries: Entries, marker: Path) -> None:
    """torch unpacks a library from the archive and loads it."""
    entries["archive/data/aotinductor/model/model.wrapper.so"] = b"\x7fELF"


RUNNING: tuple[Attack, ...] = (
    *(pickled_inputs, pickled_weight, weights_in_one_pickle, constants_in_one_pickle, pickled_object),
    *(pickled_inputs_of_another_model, size, size_of_a_number, guard, file_of_an_operation, name_of_an_input),
    *(key_of_a_dict, key_that_is_an_enum, factory_of_a_defaultdict),
)
"""Each makes the file when torch opens the program, or when it is captured again or its constants are computed."""
STOPPED: tuple[Attack, ...] = (
    *(python_function, name_of_a_value, name_of_a_weight, name_of_an_argument, key_of_the_keywords, compiled_code),
)
"""These torch 2.13 stops by chance of its own: a check behind the loading, a name that it makes anew."""
