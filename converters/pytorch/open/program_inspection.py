"""A .pt2 archive inspected before torch opens it: whether anything in it would be run as code.

torch.export.load unpickles without limits where its own limits refuse, evaluates texts (sizes, guards), writes names
into Python source that it compiles, imports what nested inputs name, calls what an operation's name leads to, and loads
compiled libraries. Here each text that torch's schema has in a program follows a rule of its own in RULES, or is an
identifier. Entries that are not known are refused, as torch may come to know them.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

import torch

from converters.pytorch.open.archive_numbers import Sizes, check_saved, check_stored
from converters.pytorch.open.expressions import PLAIN, fault_of_guard, fault_of_size
from converters.pytorch.open.known_operations import fault_of_operation
from converters.pytorch.open.program_schema import Text, Unlike, texts_of
from converters.pytorch.open.tree_specs import fault_of_tree
from converters.pytorch.open.zip_archive import Ambiguous, Damaged, ZipArchive, zip_archive
from converters.weights.unreadable import Unreadable

MOST_FAULTS = 3
"""So many faults of one entry are reported."""

# ---- entries ---------------------------------------------------------------------------------------------------------

_OLD_PROGRAM = "serialized_exported_program.json"


def faults_of_program(file: BinaryIO, handled: Container[str] = ()) -> list[str]:
    """Why the .pt2 in an open file may run code when torch opens it; each goes on from `it`. None where it cannot.

    `handled` are operations that the user gave handlers for. Raises Damaged, and OSError where it cannot
    be read.
    """
    try:
        archive = zip_archive(file)
        inspections = _inspections(partial(_of_program, handled=handled), _OLD_PROGRAM in archive.entries)
        return [
            f"has {fault} in its entry {full}"
            for name, full in _inner_names(archive).items()
            for fault in _of_entry(archive, name, full, inspections)
        ]
    except Ambiguous as error:
        return [str(error)]


Inspection = Callable[[bytes, Sizes], Iterator[str]]
"""Of the content of an entry, and of the sizes of those beside it."""


def _inspections(of_program: Inspection, old: bool) -> list[tuple[str, Inspection | None]]:
    """How each entry is inspected, by a pattern of its name; None where torch takes it as bytes alone."""
    if old:  # up to torch 2.7: four files without a folder
        return [
            (re.escape(_OLD_PROGRAM), of_program),
            (r"serialized_(state_dict|constants|example_inputs)\.(pt|json)", _of_pickle),
            (r"version|extra_files/.+", None),
        ]
    return [
        (r"models/.*", of_program),
        (r"data/(sample_inputs|weights|constants)/[^/]+\.pt", _of_pickle),
        (r"data/(weights|constants)/[^/]+_config\.json", _of_config),
        (r"data/weights/weight_\d+|data/constants/tensor_\d+", None),
        (r"archive_format|archive_version|byteorder|version|\.\w+|\.data/\w+|extra/.+", None),
    ]


def _inner_names(archive: ZipArchive) -> dict[str, str]:
    """The entries by their names inside the archive's one folder, or as they are in the old form."""
    names = list(archive.entries)
    if _OLD_PROGRAM in names:
        return {name: name for name in names}
    folders = {name.partition("/")[0] for name in names}
    if len(folders) != 1 or any("/" not in name for name in names):
        raise Ambiguous(f"has entries in {len(folders)} folders")
    return {name.partition("/")[2]: name for name in names}


def _of_entry(
    archive: ZipArchive, name: str, full: str, inspections: list[tuple[str, Inspection | None]]
) -> Iterator[str]:
    for pattern, inspect in inspections:
        if re.fullmatch(pattern, name):
            return _inspected(archive, full, inspect) if inspect else iter(())
    return iter(["compiled code" if "aotinductor" in name else "something unknown"])


def _inspected(archive: ZipArchive, full: str, inspect: Inspection) -> Iterator[str]:
    """What is found in an entry. Raises Damaged where torch would make more of it than there is."""
    folder = full.rpartition("/")[0]
    try:
        yield from inspect(archive.read(full), lambda name: archive.size(f"{folder}/{name}"))
    except Unreadable as error:
        raise Damaged(f"its entry {full} {error.what}") from None


# ---- what is in them -------------------------------------------------------------------------------------------------


def _of_pickle(content: bytes, _: Sizes) -> Iterator[str]:
    """By torch's own rules for pickles that hold tensors and plain data."""
    if not content:
        return
    try:
        check_saved(content)
    except Ambiguous as error:
        yield f"an archive that {error}"
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever it is, torch.export.load would try again without these rules
        first = re.search(r"GLOBAL ([\w.]+)", str(error))
        yield f"a pickle with {first[1] if first else 'more than tensors'}"


def _of_config(content: bytes, sizes: Sizes) -> Iterator[str]:
    """Where weights lie; those marked as pickled are unpickled without limits, others are objects of compiled code."""
    try:
        config = _json(content)
        texts = texts_of("PayloadConfig", config)
        entries = config.get("config", {})
        strange = [f"the pickle {name}" for name, meta in entries.items() if meta.get("use_pickle")]
    except Unlike as error:
        yield f"something else than weights ({error})"
        return
    faults = [*_of_texts(texts, {**RULES, "PayloadMeta.path_name": _fault_of_path}), *strange[:MOST_FAULTS]]
    yield from faults
    for name, meta in () if faults else entries.items():
        if meta.get("tensor_meta"):
            check_stored(name, meta["tensor_meta"], sizes(meta.get("path_name", "")))


def _of_program(content: bytes, _: Sizes, handled: Container[str]) -> Iterator[str]:
    operation = partial(fault_of_operation, handled=handled)
    try:
        texts = texts_of("ExportedProgram", _json(content))
    except Unlike as error:
        yield f"something else than a program ({error})"
        return
    yield from _of_texts(texts, {**RULES, "Node.target": operation, "Argument.as_operator": operation})


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise Unlike(f"no JSON: {error}") from None


# ---- texts -----------------------------------------------------------------------------------------------------------

Rule = Callable[[str], str]


def _fault_of_path(text: str) -> str:
    return (
        "" if re.fullmatch(r"weight_\d+|tensor_\d+", text) else "an object of compiled or pickled code is not a weight"
    )


def _fault_of_identifier(text: str) -> str:
    return "" if text.isidentifier() or not text else "it is not a name"


def _matched(pattern: str) -> Rule:
    found = re.compile(pattern)
    return lambda text: "" if found.fullmatch(text) else "it has signs that it does not need"


def _free(_: str) -> str:
    return ""


_PLAIN, _WORD = _matched(PLAIN.pattern), _matched(r"[\w.+:<>=-]*")
_WEIGHT = _matched(r"[^\"'\\{}\x00-\x1f\x7f]*")
"""torch puts the parts of a weight's name between double quotes where they are not identifiers."""
RULES: Mapping[str, Rule] = {
    "Argument.as_string": _PLAIN,
    "Argument.as_strings": _PLAIN,
    "BufferMutationSpec.buffer_name": _WEIGHT,
    "ConstantValue.as_string": _PLAIN,
    "CustomObjArgument.class_fqn": _WORD,
    "Device.type": _WORD,
    "ExportedProgram.guards_code": fault_of_guard,
    "ExportedProgram.opset_version": _WORD,
    "ExportedProgram.range_constraints": fault_of_size,
    "ExportedProgram.torch_version": _WORD,
    "ExportedProgram.verifiers": _WORD,
    "GradientToParameterSpec.parameter_name": _WEIGHT,
    "GraphModule.metadata": _free,
    "GraphModule.treespec_namedtuple_fields": _WORD,
    "InputToBufferSpec.buffer_name": _WEIGHT,
    "InputToCustomObjSpec.custom_obj_name": _WEIGHT,
    "InputToParameterSpec.parameter_name": _WEIGHT,
    "InputToTensorConstantSpec.tensor_constant_name": _WEIGHT,
    "ModuleCallEntry.fqn": _WEIGHT,
    "ModuleCallSignature.in_spec": fault_of_tree,
    "ModuleCallSignature.out_spec": fault_of_tree,
    "Node.metadata": _free,
    "ParameterMutationSpec.parameter_name": _WEIGHT,
    "PayloadConfig.config": _WEIGHT,
    "SymExpr.expr_str": fault_of_size,
}
"""What a text may be, by its field; that of any other field is an identifier."""
OF_CALLS = frozenset({"Argument.as_string", "Argument.as_strings"})
"""The arguments of an operation may be any text: they are handed over as they are."""


def _of_texts(texts: list[Text], rules: Mapping[str, Rule]) -> Iterator[str]:
    passed, refused = set[tuple[str, str]](), set[str]()
    for one in texts:
        if (one.field, one.text) in passed or one.text in refused:
            continue
        if one.around == "NamedArgument.arg" and one.field in OF_CALLS:
            continue
        if fault := rules.get(one.field, _fault_of_identifier)(one.text):
            yield f"{one.field} = {_shortened(one.text)!r} ({fault})"
            refused.add(one.text)
            if len(refused) == MOST_FAULTS:
                return
        passed.add((one.field, one.text))


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
