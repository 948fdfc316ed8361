"""[softmax] (softmax_layer.c) and the trees of classes that it may have (tree.c)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import accumulate, groupby
from pathlib import Path

from caffe_ir.error_kinds.darknet import CLASS_TREE
from caffe_ir.given_files import read_bytes
from caffe_ir.layers import Concat, Power, Softmax
from caffe_ir.layers import Slice as SliceLayer
from converters.darknet.build import Build, Handler, Value
from converters.darknet.classifier import Classifier
from converters.darknet.section import Section


def softmax(section: Section, build: Build) -> Value:
    """Softmax of x / temperature over the whole vector, over `groups` equal parts of it, or over a tree's groups."""
    source = build.previous
    groups, temperature = build.size("groups", 1), section.float("temperature", 1)
    build.require(temperature != 0, "temperature=0 divides by zero", key="temperature")
    spatial = section.float("spatial", 0) != 0 and not section.has("tree")
    parents = tree_parents(section, build)
    tree = groups_of(parents)
    build.classifiers[section.index] = Classifier(
        name=build.name,
        raw=build.previous_name,
        classes=source.count,
        groups=groups,
        temperature=temperature,
        tree=tree,
        parents=parents,
    )
    blob = _operand(build, source, whole=groups == 1 and not tree, spatial=spatial)
    if temperature != 1 and not spatial:
        blob = build.add(Power(scale=1 / temperature), blob, suffix="temperature")
    if tree:
        build.require(sum(tree) == source.count, f"the tree has {sum(tree)} leaves, the vector {source.count} values")
        return build.flat(_by_group(build, blob, tree))
    if spatial or groups == 1:
        return build.flat(build.add(Softmax(axis=1), blob))
    build.require(source.count % groups == 0, f"groups={groups} does not divide {source.count} values", key="groups")
    parts = build.viewed(blob, (groups, source.count // groups))
    return build.flat(build.viewed(build.add(Softmax(axis=2), parts), (source.count,)))


def _operand(build: Build, source: Value, *, whole: bool, spatial: bool) -> str:
    if spatial:
        if source.count > build.chw(source)[0]:
            text = "spatial=1 means a softmax across channels, as GPU code has it; CPU code ignores it"
            build.note("assumed", text, "spatial")
        return build.image(source)
    one_place = source.chw is not None and source.chw[1:] == (1, 1)
    return source.blob if whole and one_place else build.vector(source)


def _by_group(build: Build, blob: str, sizes: tuple[int, ...]) -> str:
    """A softmax for each group of a vector (blas.c, softmax_cpu; softmax_layer.c)."""
    if len(sizes) == 1:
        return build.add(Softmax(axis=1), blob)
    parts = build.add_many(SliceLayer(slice_point=tuple(accumulate(sizes))[:-1]), blob, len(sizes), "groups")
    tops = [build.add(Softmax(axis=1), part, suffix=f"group{place}") for place, part in enumerate(parts)]
    return build.add(Concat(axis=1), *tops)


def tree_parents(section: Section, build: Build) -> tuple[int, ...]:
    """The parent of each class in the section's tree, -1 for none; nothing where it has no tree.

    A line holds a name and its parent's line (tree.c, read_tree). Raises ConversionError where the file is not found
    or holds something else.
    """
    if not section.has("tree"):
        return ()
    path = _found(section.text("tree"), build)
    try:
        text = read_bytes(path).decode("utf-8", "replace")
        rows = [line.split() for line in text.splitlines() if line.strip()]
        return tuple(int(row[1]) for row in rows)
    except (OSError, ValueError, IndexError):
        why = "a line holds a name and a number"
        raise build.refusal(f"{path} is not a tree of classes", why=why, key="tree", kind=CLASS_TREE) from None


def groups_of(parents: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of a tree's groups: neighbouring classes of one parent are a group (tree.c, read_tree)."""
    return tuple(len(list(group)) for _, group in groupby(parents))


def _found(name: str, build: Build) -> Path:
    tried = list(dict.fromkeys(folder / name for folder in build.folders))
    found = next((path for path in tried if os.path.isfile(path)), None)  # Path.is_file raises for a name too long
    if found is None:
        hint = "looked for " + ", ".join(map(str, tried))
        raise build.refusal(f"the file of tree={name} is not found", hint=hint, key="tree", kind=CLASS_TREE)
    return found


HANDLERS: Mapping[str, Handler] = {"softmax": softmax}
