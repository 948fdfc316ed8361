"""Who may import whom, and the other rules about files that can be read off the sources.

The sources are parsed, never imported. Every check takes the sources as an argument, so that the tests of the checks
(test_architecture_checks.py) can hand it sources which break the rules.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("caffe_ir", "converters")

# `a.b` is that module alone, `a.b.*` is it and everything below. The first rule that fits a module holds for it.
SOURCE_LANGUAGE = (
    "caffe_ir.affine",
    "caffe_ir.float32",
    "caffe_ir.net",
    "caffe_ir.node",
    "caffe_ir.layer",
    "caffe_ir.blob",
    "caffe_ir.layers.*",
    "caffe_ir.geometry",
    "caffe_ir.errors",
    "caffe_ir.file_kinds",
    "caffe_ir.free_names",
    "caffe_ir.given_files",
    "caffe_ir.near_misses",
    "caffe_ir.picture_input",
    "caffe_ir.values",
    "caffe_ir.visible",
)
ERROR_KINDS = "caffe_ir.error_kinds.*"
"""What every room may import: whoever raises an error names its kind."""
PASS = (
    *SOURCE_LANGUAGE,
    "caffe_ir.exchanges",
    "caffe_ir.inputs_read",
    "caffe_ir.replacement",
    "caffe_ir.targets.*",
    "caffe_ir.views",
)
FILES = (
    "caffe_ir.float32",
    "caffe_ir.net",
    "caffe_ir.node",
    "caffe_ir.layer",
    "caffe_ir.blob",
    "caffe_ir.errors",
    "caffe_ir.given_files",
    "caffe_ir.targets.*",
    "caffe_ir.layers.*",
    "caffe_ir.proto.*",
    "caffe_ir.extras",
)
RULES: dict[str, tuple[str, ...]] = {
    # the way from a net to its files, for those who call us from Python
    "caffe_ir": (
        "caffe_ir.files.header",
        "caffe_ir.net",
        "caffe_ir.node",
        "caffe_ir.passes.base",
        "caffe_ir.passes.pipeline",
        "caffe_ir.targets.*",
        "caffe_ir.files.writer",
    ),
    "caffe_ir.visible": (),
    "caffe_ir.error_kinds.*": (),
    "caffe_ir.affine": ("caffe_ir.blob",),
    "caffe_ir.errors": ("caffe_ir.visible",),
    "caffe_ir.extras": ("caffe_ir.errors",),
    "caffe_ir.file_kinds": (),
    "caffe_ir.given_files": (),
    "caffe_ir.near_misses": (),
    "caffe_ir.toml": (),
    "caffe_ir.toml_text": (),
    "caffe_ir.json_text": (),
    "caffe_ir.version": (),
    "caffe_ir.files.header": (
        "caffe_ir.given_files",
        "caffe_ir.toml",
        "caffe_ir.toml_text",
        "caffe_ir.version",
        "caffe_ir.visible",
    ),
    "caffe_ir.picture_input": ("caffe_ir.blob",),
    "caffe_ir.values": (),
    "caffe_ir.geometry": (),
    "caffe_ir.blob": ("caffe_ir.errors",),
    "caffe_ir.float32": (),
    "caffe_ir.layer": ("caffe_ir.blob", "caffe_ir.errors", "caffe_ir.float32"),
    "caffe_ir.shared_memory": ("caffe_ir.layer",),
    "caffe_ir.html_table": ("caffe_ir.blob",),
    "caffe_ir.output_places": (),
    "caffe_ir.summary": ("caffe_ir.blob", "caffe_ir.cost", "caffe_ir.memory", "caffe_ir.net", "caffe_ir.node"),
    "caffe_ir.free_names": (),
    "caffe_ir.node": ("caffe_ir.blob", "caffe_ir.errors", "caffe_ir.layer"),
    "caffe_ir.net_index": ("caffe_ir.layer", "caffe_ir.node"),
    "caffe_ir.tensors_behind": ("caffe_ir.blob",),
    "caffe_ir.net_checks": ("caffe_ir.errors", "caffe_ir.layer", "caffe_ir.node", "caffe_ir.shared_memory"),
    "caffe_ir.net": (
        "caffe_ir.net_checks",
        "caffe_ir.net_index",
        "caffe_ir.node",
        "caffe_ir.tensors_behind",
        "caffe_ir.free_names",
        "caffe_ir.html_table",
        "caffe_ir.layer",
        "caffe_ir.output_places",
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.picture_input",
        "caffe_ir.values",
    ),
    "caffe_ir.memory": (
        "caffe_ir.cost",
        "caffe_ir.layers.*",
        "caffe_ir.net",
        "caffe_ir.node",
        "caffe_ir.working_memory",
    ),
    "caffe_ir.working_memory": ("caffe_ir.layers.*", "caffe_ir.layer", "caffe_ir.blob"),
    "caffe_ir.cost": ("caffe_ir.layers.*", "caffe_ir.layer", "caffe_ir.blob"),
    "caffe_ir.forms.*": (
        *SOURCE_LANGUAGE,
        "caffe_ir.cost",
        "caffe_ir.exchanges",
        "caffe_ir.replacement",
        "caffe_ir.views",
        "caffe_ir.forms.*",
    ),
    "caffe_ir.replacement": (
        "caffe_ir.net",
        "caffe_ir.node",
        "caffe_ir.layers.*",
        "caffe_ir.layer",
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.free_names",
    ),
    "caffe_ir.inputs_read": ("caffe_ir.layers", "caffe_ir.net", "caffe_ir.node"),
    "caffe_ir.views": ("caffe_ir.blob",),
    "caffe_ir.exchanges": ("caffe_ir.blob", "caffe_ir.views"),
    "caffe_ir.reference": (
        "caffe_ir.net",
        "caffe_ir.node",
        "caffe_ir.layers.*",
        "caffe_ir.layer",
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.shared_memory",
    ),
    "caffe_ir.layers.*": (
        "caffe_ir.float32",
        "caffe_ir.layers.*",
        "caffe_ir.layer",
        "caffe_ir.blob",
        "caffe_ir.geometry",
        "caffe_ir.errors",
    ),
    "caffe_ir.targets.*": (
        "caffe_ir.blob",
        "caffe_ir.float32",
        "caffe_ir.targets.*",
        "caffe_ir.layers.*",
        "caffe_ir.layer",
        "caffe_ir.net",
        "caffe_ir.node",
        "caffe_ir.cost",
        "caffe_ir.errors",
    ),
    "caffe_ir.passes": (),
    "caffe_ir.passes.base": PASS,
    "caffe_ir.passes.pipeline": (*PASS, "caffe_ir.passes.*"),
    "caffe_ir.passes.legalize.*": (
        *PASS,
        "caffe_ir.cost",
        "caffe_ir.memory",
        "caffe_ir.forms.*",
        "caffe_ir.passes.base",
        "caffe_ir.passes.legalize.*",
    ),
    "caffe_ir.passes.layout.*": (*PASS, "caffe_ir.passes.base", "caffe_ir.passes.layout.*"),
    # whether a border is cheaper as a layer of its own
    "caffe_ir.passes.pad_into_window": (*PASS, "caffe_ir.cost", "caffe_ir.forms.pad", "caffe_ir.passes.base"),
    # it picks cells as the forms do
    "caffe_ir.passes.unpooling": (*PASS, "caffe_ir.forms.one_hot", "caffe_ir.passes.base"),
    # it reads back the chains that those forms write
    "caffe_ir.passes.mish_chain": (*PASS, "caffe_ir.forms.activation", "caffe_ir.forms.chain", "caffe_ir.passes.base"),
    # whether a layer of Caffe's is better than its steps
    "caffe_ir.passes.lstm": (
        *PASS,
        "caffe_ir.forms.*",
        "caffe_ir.passes.base",
        "caffe_ir.passes.legalize",
        "caffe_ir.passes.unroll",
    ),
    "caffe_ir.passes.*": (*PASS, "caffe_ir.passes.base"),
    "caffe_ir.proto.*": ("caffe_ir.proto.*",),
    # the two files of a net: prototxt and caffemodel are the writer's and the reader's own rooms
    "caffe_ir.files": (),
    "caffe_ir.files.prototxt": FILES,
    "caffe_ir.files.caffemodel": FILES,
    "caffe_ir.files.wire": (),
    "caffe_ir.files.caffemodel_index": (*FILES, "caffe_ir.files.wire"),
    "caffe_ir.files.hdf5_chunks": (),
    "caffe_ir.files.caffemodel_hdf5": (
        *FILES,
        "caffe_ir.file_kinds",
        "caffe_ir.files.caffemodel",
        "caffe_ir.files.caffemodel_index",
        "caffe_ir.files.hdf5_chunks",
    ),
    "caffe_ir.files.caffemodel_file": (*FILES, "caffe_ir.files.caffemodel_index", "caffe_ir.files.caffemodel_hdf5"),
    "caffe_ir.files.caffemodel_forms": (
        "caffe_ir.files.caffemodel_file",
        "caffe_ir.files.caffemodel_hdf5",
        "caffe_ir.files.caffemodel_index",
        "caffe_ir.files.wire",
        "caffe_ir.targets.stored",
    ),
    "caffe_ir.files.stored_weights": (*FILES, "caffe_ir.files.caffemodel_index"),
    "caffe_ir.files.file_names": ("caffe_ir.errors",),
    "caffe_ir.files.fillers": FILES,
    "caffe_ir.files.weight_sources": ("caffe_ir.net", "caffe_ir.node", "caffe_ir.blob"),
    "caffe_ir.files.spelling": (*FILES, "caffe_ir.files.prototxt"),
    "caffe_ir.files.readings": (*FILES, "caffe_ir.files.spelling"),
    "caffe_ir.files.upgrade": ("caffe_ir.proto.*",),
    "caffe_ir.files.locks": (),
    "caffe_ir.files.npz": (),
    "caffe_ir.files.renames": (),
    "caffe_ir.files.staging": ("caffe_ir.files.locks",),
    "caffe_ir.files.whole_files": ("caffe_ir.files.renames", "caffe_ir.files.staging"),
    "caffe_ir.files.writable": ("caffe_ir.errors",),
    "caffe_ir.files.text_files": (
        "caffe_ir.errors",
        "caffe_ir.files.replaceable",
        "caffe_ir.files.whole_files",
        "caffe_ir.files.writable",
    ),
    "caffe_ir.files.replaceable": (
        "caffe_ir.errors",
        "caffe_ir.files.file_names",
        "caffe_ir.files.header",
        "caffe_ir.files.staging",
        "caffe_ir.files.writable",
    ),
    "caffe_ir.files.writer": (
        *FILES,
        "caffe_ir.files.writable",
        "caffe_ir.files.replaceable",
        "caffe_ir.files.prototxt",
        "caffe_ir.files.caffemodel",
        "caffe_ir.files.caffemodel_hdf5",
        "caffe_ir.files.file_names",
        "caffe_ir.files.header",
        "caffe_ir.files.spelling",
        "caffe_ir.files.weight_sources",
        "caffe_ir.files.whole_files",
    ),
    "caffe_ir.files.foreign_names": ("caffe_ir.near_misses",),
    "caffe_ir.files.layer_types": (*FILES, "caffe_ir.files.foreign_names"),
    "caffe_ir.files.net_text": (
        *FILES,
        "caffe_ir.files.layer_types",
        "caffe_ir.files.syntax_problems",
        "caffe_ir.files.text_places",
        "caffe_ir.files.upgrade",
    ),
    "caffe_ir.files.syntax_problems": (
        *FILES,
        "caffe_ir.files.foreign_names",
        "caffe_ir.files.layer_types",
        "caffe_ir.files.text_places",
        "caffe_ir.files.upgrade",
        "caffe_ir.near_misses",
    ),
    "caffe_ir.files.text_places": ("caffe_ir.proto.*",),
    "caffe_ir.files.reader": (
        *FILES,
        "caffe_ir.files.layer_types",
        "caffe_ir.files.net_text",
        "caffe_ir.files.prototxt",
        "caffe_ir.files.caffemodel_file",
        "caffe_ir.near_misses",
        "caffe_ir.files.header",
        "caffe_ir.files.inputs",
        "caffe_ir.files.spelled_file",
        "caffe_ir.files.stored_weights",
        "caffe_ir.files.text_places",
    ),
    "caffe_ir.files.inputs": ("caffe_ir.proto.*",),
    "caffe_ir.files.spelled_file": (
        *FILES,
        "caffe_ir.files.net_text",
        "caffe_ir.files.prototxt",
        "caffe_ir.files.spelling",
        "caffe_ir.files.text_places",
    ),
    "converters": (),
    "converters.asked": ("caffe_ir.blob", "caffe_ir.errors", "caffe_ir.near_misses"),
    # for Python programs: it joins what the command line joins, and knows no command
    "converters.model": (
        "caffe_ir.*",
        "converters.asked",
        "converters.darknet.*",
        "converters.pictures.description",
        "converters.pytorch.*",
        "converters.side_files",
        "converters.verify.*",
    ),
    "converters.__main__": ("converters.cli.main",),
    # a source that is Caffe's already: it is read by the reader, and checked by lowering a copy of it
    "converters.caffe.*": (
        *PASS,
        "caffe_ir.files.caffemodel_forms",
        "caffe_ir.files.inputs",
        "caffe_ir.files.layer_types",
        "caffe_ir.files.net_text",
        "caffe_ir.files.reader",
        "caffe_ir.files.spelled_file",
        "caffe_ir.files.text_places",
        "caffe_ir.files.prototxt",
        "caffe_ir.proto.*",
        "caffe_ir.passes.*",
        "converters.caffe.*",
    ),
    "converters.darknet.*": (
        *SOURCE_LANGUAGE,
        "caffe_ir.json_text",
        "converters.darknet.*",
        "converters.decode.heads",
        "converters.pictures.fitting",
    ),
    # what a module says of its heads, in the terms of heads.json
    "converters.pytorch.open.detectors": (
        "converters.decode.describing",
        "converters.decode.heads",
        "converters.pytorch.capture.training",
    ),
    "converters.pytorch.*": (
        *SOURCE_LANGUAGE,
        "caffe_ir.tensors_behind",
        "converters.weights.*",
        "converters.pytorch.*",
    ),
    "converters.weights.*": (
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.file_kinds",
        "caffe_ir.given_files",
        "caffe_ir.near_misses",
        "converters.weights.*",
    ),
    "converters.transplant.*": (
        *SOURCE_LANGUAGE,
        "caffe_ir.toml",
        "caffe_ir.toml_text",
        "caffe_ir.files.weight_sources",
        "converters.weights.*",
        "converters.transplant.*",
    ),
    "converters.pictures.*": (
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.extras",
        "caffe_ir.given_files",
        "caffe_ir.json_text",
        "caffe_ir.picture_input",
        "converters.pictures.*",
    ),
    "converters.decode.*": (
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.given_files",
        "caffe_ir.json_text",
        "converters.decode.*",
        "converters.pictures.*",
    ),
    "converters.side_files": (
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.files.prototxt",
        "caffe_ir.layers",
        "caffe_ir.net",
        "converters.pictures.*",
        "converters.side_files.*",
    ),
    "converters.side_files.*": (
        "caffe_ir.blob",
        "caffe_ir.errors",
        "converters.pictures.*",
        "converters.side_files.subject",
    ),
    "converters.run.*": (
        "caffe_ir.blob",
        "caffe_ir.errors",
        "caffe_ir.files.file_names",
        "caffe_ir.files.prototxt",
        "caffe_ir.given_files",
        "caffe_ir.inputs_read",
        "caffe_ir.layers",
        "caffe_ir.net",
        "converters.decode.*",
        "converters.pictures.*",
        "converters.run.*",
        "converters.verify.*",
    ),
    "converters.verify.*": (
        *SOURCE_LANGUAGE,
        "caffe_ir.inputs_read",
        "caffe_ir.reference",
        "caffe_ir.shared_memory",
        "caffe_ir.targets.*",
        "caffe_ir.files.net_text",
        "caffe_ir.files.reader",
        "caffe_ir.files.spelled_file",
        "caffe_ir.files.prototxt",
        "caffe_ir.files.writer",
        "caffe_ir.proto.*",
        "caffe_ir.files.caffemodel_file",
        "caffe_ir.files.caffemodel_hdf5",
        "caffe_ir.files.caffemodel_index",
        "caffe_ir.files.npz",
        "caffe_ir.files.text_files",
        "caffe_ir.files.file_names",
        "caffe_ir.given_files",
        "caffe_ir.files.header",
        "caffe_ir.extras",
        "caffe_ir.version",
        "converters.pictures.*",
        "converters.weights.*",
        "converters.verify.*",
    ),
    # what `--bn` may say is the front end's to know; it is loaded when there is something to check
    "converters.options.darknet": ("converters.options.*", "converters.darknet.batch_norm"),
    "converters.options.*": ("converters.options.*",),
    "converters.batch.*": (
        "caffe_ir.errors",
        "caffe_ir.files.file_names",
        "caffe_ir.files.header",
        "caffe_ir.given_files",
        "caffe_ir.files.locks",
        "caffe_ir.near_misses",
        "caffe_ir.files.replaceable",
        "caffe_ir.files.staging",
        "caffe_ir.files.text_files",
        "caffe_ir.toml",
        "caffe_ir.toml_text",
        "caffe_ir.version",
        "caffe_ir.visible",
        "caffe_ir.files.whole_files",
        "caffe_ir.files.writable",
        "converters.batch.*",
        "converters.options.*",
    ),
    "converters.cli.*": ("caffe_ir.*", "converters.*"),
}

# Who may load which package when it is imported or run; the packages that only some rooms may know.
PACKAGES: dict[str, tuple[str, ...]] = {
    "numpy": ("caffe_ir.*", "converters.*"),
    "msgspec": ("caffe_ir.*", "converters.*"),
    "google": (
        "caffe_ir.proto.*",
        "caffe_ir.files.net_text",
        "caffe_ir.files.prototxt",
        "caffe_ir.files.spelling",
        "caffe_ir.files.syntax_problems",
    ),
    "click": ("converters.cli.*",),
    "rich": ("converters.cli.*",),
    "tomli": ("caffe_ir.toml",),
    "h5py": ("caffe_ir.files.caffemodel_hdf5",),
    "distributed": ("converters.batch.cluster",),
    "psutil": ("converters.batch.process_groups", "converters.batch.peak_memory"),
    "torch": ("converters.pytorch.*", "converters.verify.*", "converters.cli.*"),
    "safetensors": ("converters.pytorch.*",),
    "cv2": ("converters.pictures.*", "converters.verify.*"),
    "jinja2": ("converters.verify.report",),
    "matplotlib": ("converters.verify.report", "converters.verify.charts"),
    "_tools": ("converters.verify.mnn_child",),
    "MNN": ("converters.verify.mnn_child",),
    "caffe": ("converters.verify.pycaffe_child",),
}

STANDARD = sys.stdlib_module_names | {"tomllib"}  # of the standard library from Python 3.11 on

BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "misc"}
MOST_LINES = 400

# Modules without a test module of their own, with the reason.
TESTED_ELSEWHERE = {
    **{
        f"caffe_ir.error_kinds.{family}": "texts, which test_catalogue checks"
        for family in (
            "batch",
            "caffe",
            "capture",
            "darknet",
            "files",
            "general",
            "opening",
            "operations",
            "running",
            "targets",
            "transplant",
            "weights",
        )
    },
    **{
        f"converters.decode.standalone_{part}": "a part of the files that test_standalone compiles and runs"
        for part in ("c", "numbers", "python")
    },
    "converters.verify.darknet_child": "a program for a process of its own, which test_darknet_source runs",
    "converters.verify.mnn_child": "a program for a process of its own, which test_mnn_engine runs",
    "converters.verify.pycaffe_child": "a program for a process of its own, which test_pycaffe_engine runs",
}


@dataclass(frozen=True, kw_only=True)
class Import:
    """One module that a source names in an import, at a line; `checking` when only type checkers see it."""

    name: str
    line: int
    checking: bool


def sources(root: Path) -> dict[str, Path]:
    """Every module of the product under `root`, without generated ones, by its dotted name."""
    found = {}
    for path in sorted(file for package in PRODUCT for file in (root / package).rglob("*.py")):
        if path.stem.endswith("_pb2") or "__pycache__" in path.parts:
            continue
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def covers(pattern: str, module: str) -> bool:
    """Whether `a.b` (that module alone) or `a.b.*` (it and all below) covers the module."""
    if not pattern.endswith(".*"):
        return module == pattern
    return module == pattern[:-2] or module.startswith(pattern[:-1])


def package_of(module: str, path: Path) -> str:
    return module if path.name == "__init__.py" else module.rpartition(".")[0]


def names_imported(node: ast.AST, package: str) -> Iterator[str]:
    """The dotted names that one node imports; `from a import b` gives `a.b`, which may be a module or a name in one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0]
        if (
            called in ("import_module", "__import__")
            and isinstance(first, ast.Constant)
            and isinstance(first.value, str)
        ):
            yield first.value


def imports(module: str, path: Path) -> list[Import]:
    """All imports of a module, those inside functions and those for type checkers alone included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checking: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            checking.update(inner for statement in node.body for inner in ast.walk(statement))
    return [
        Import(name=name, line=getattr(node, "lineno", 0), checking=node in checking)
        for node in ast.walk(tree)
        for name in names_imported(node, package_of(module, path))
    ]


def module_meant(name: str, modules: dict[str, Path]) -> str | None:
    """The product's module that `a.b` or `from a import b` names, or None when it is somebody else's."""
    if name.partition(".")[0] not in PRODUCT:
        return None
    return name if name in modules else name.rpartition(".")[0]


def broken_rules(modules: dict[str, Path]) -> list[str]:
    """Imports of our own modules that RULES does not allow, and modules that RULES does not know."""
    found = []
    for module, path in modules.items():
        rule = next((pattern for pattern in RULES if covers(pattern, module)), None)
        if rule is None:
            found.append(f"{module}: no rule says what it may import; add it to RULES")
            continue
        for imported in imports(module, path):
            target = module_meant(imported.name, modules)
            if target is None or any(covers(pattern, target) for pattern in (ERROR_KINDS, *RULES[rule])):
                continue
            found.append(f"{module}:{imported.line} imports {target}; `{rule}` may not")
    return found


def broken_packages(modules: dict[str, Path]) -> list[str]:
    """Imports, at run time, of packages that the module may not know or that nobody declared."""
    found = []
    for module, path in modules.items():
        for imported in imports(module, path):
            package = imported.name.partition(".")[0]
            if imported.checking or package in PRODUCT or package in STANDARD:
                continue
            if not any(covers(pattern, module) for pattern in PACKAGES.get(package, ())):
                found.append(f"{module}:{imported.line} imports {package}, which PACKAGES does not allow")
    return found


def cycle(modules: dict[str, Path]) -> list[str]:
    """The modules of one circle of imports, or nothing."""
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        met = {module_meant(imported.name, modules) for imported in imports(module, path)}
        graph[module] = {name for name in met if name is not None and name != module}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def badly_named(modules: dict[str, Path]) -> list[str]:
    return [module for module in modules if BANNED_NAMES & set(module.split("."))]


def too_long(modules: dict[str, Path]) -> list[str]:
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in modules.items()}
    return [f"{module}: {length} lines" for module, length in lengths.items() if length > MOST_LINES]


def untested(modules: dict[str, Path], root: Path) -> list[str]:
    """The tests that are missing: `a/b.py` is tested by `tests/a/test_b.py`."""
    wanted = {
        module: root / "tests" / path.relative_to(root).parent / f"test_{path.stem}.py"
        for module, path in modules.items()
        if path.name != "__init__.py" and module not in TESTED_ELSEWHERE
    }
    return [str(test.relative_to(root)) for test in wanted.values() if not test.exists()]


def unused_rules(modules: dict[str, Path]) -> list[str]:
    """Rules for modules that are not there."""
    return [pattern for pattern in RULES if not any(covers(pattern, module) for module in modules)]


def unpacked(modules: dict[str, Path]) -> list[str]:
    """Folders of modules that are not packages: setup.cfg's `find:` would leave them out of a wheel."""
    return sorted({str(path.parent) for path in modules.values() if not (path.parent / "__init__.py").exists()})


PRODUCT_SOURCES = sources(ROOT)


def test_the_sources_are_found() -> None:
    assert {"caffe_ir", "caffe_ir.errors", "caffe_ir.net", "caffe_ir.node", "converters"} <= PRODUCT_SOURCES.keys()


def test_every_room_imports_only_what_it_may() -> None:
    assert broken_rules(PRODUCT_SOURCES) == []


def test_every_rule_is_about_something() -> None:
    assert unused_rules(PRODUCT_SOURCES) == []


def test_every_room_is_a_package() -> None:
    assert unpacked(PRODUCT_SOURCES) == []


def test_packages_stay_in_their_rooms() -> None:
    assert broken_packages(PRODUCT_SOURCES) == []


def test_imports_go_in_no_circle() -> None:
    assert cycle(PRODUCT_SOURCES) == []


def test_every_module_has_its_test_module() -> None:
    assert untested(PRODUCT_SOURCES, ROOT) == []


def test_no_file_is_too_long() -> None:
    assert too_long(PRODUCT_SOURCES) == []


def test_no_module_is_a_drawer_for_everything() -> None:
    assert badly_named(PRODUCT_SOURCES) == []
