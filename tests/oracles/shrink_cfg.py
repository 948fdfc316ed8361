"""A cfg made small: the same sections, strides, routes and odd sizes, with few filters on a small image.

A whole zoo net then runs in milliseconds in real Darknet and still meets every case that the full net meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd

from tests.oracles.cfg_shapes import Layer, Section, infer, read_sections

# A net this small already is left at its size.
SMALL_INPUT = 64
HEADS = {"yolo": 5, "Gaussian_yolo": 9}

# What an option is to be set to, by the section's place in the file ([net] is 0) and the option's key.
Edits = dict[tuple[int, str], int | str]


def shrink(cfg_text: str, *, width: float = 1 / 8, size: int | None = None, min_filters: int = 8) -> str:
    """The cfg with about `width` times its filters (never under `min_filters`) and an input of `size` rows.

    Without `size` it is the smallest that leaves every layer's map at two rows or more where the full net has them
    (three under [local], more than half a window under a pool of stride 1), with the same remainder by 32 and the same
    parity of the rest, so that odd maps stay odd.
    Head filters follow their classes, which shrink too; the leaves of a softmax tree stay. Raises ValueError where the
    net cannot be held together: a head without its convolution, an input that is too small.
    """
    sections = read_sections(cfg_text)
    full = infer(sections)
    edits: Edits = {(0, "batch"): 1, (0, "subdivisions"): 1}
    for layer in full:
        edits.update(_filter_edits(layer, width, min_filters))
    for layer in full:
        edits.update(_head_edits(layer, sections, width))
    text = edited(cfg_text, edits)
    for layer in full:
        if layer.section.kind == "convolutional" and layer.section.integer("groups", 1) > 1:
            text = edited(text, _group_edits(layer, infer(read_sections(text))[layer.index], width))
    sizes = _smaller_sizes(sections[0]) if size is None else iter([size])
    return _resized(text, sections[0], full, sizes)


def edited(text: str, edits: Edits) -> str:
    """The cfg text with options set; one that a section does not have is added under its header."""
    lines = text.split("\n")
    sections = read_sections(text)
    for (place, key), value in edits.items():
        section = sections[place]
        if key in section.lines:
            lines[section.lines[key]] = f"{key}={value}"
        else:
            lines[section.line] += f"\n{key}={value}"
    return "\n".join(lines)


def with_options(text: str, options: Iterable[str]) -> str:
    """The cfg text with each SECTION.KEY=VALUE in all sections of that name. Raises ValueError where there is none."""
    edits: Edits = {}
    for option in options:
        key, _, value = option.partition("=")
        kind, _, key = key.partition(".")
        places = [place for place, section in enumerate(read_sections(text)) if section.kind == kind]
        if not (places and key and value):
            raise ValueError(
                f"{option}: there is no [{kind}]" if not places else f"{option} is not a SECTION.KEY=VALUE"
            )
        edits.update({(place, key): value for place in places})
    return edited(text, edits)


def _scaled(count: int, width: float, least: int) -> int:
    """`count` times `width`, a multiple of four; what is no more than `least` stays."""
    return count if count <= least else max(least, 4 * round(count * width / 4))


def _filter_edits(layer: Layer, width: float, least: int) -> Edits:
    keys = {"convolutional": "filters", "deconvolutional": "filters", "local": "filters", "connected": "output"}
    key = keys.get(layer.section.kind)
    if key is None or key not in layer.section.options:
        return {}
    return {(1 + layer.index, key): _scaled(layer.section.integer(key, 1), width, least)}


def _head_edits(layer: Layer, sections: list[Section], width: float) -> Edits:
    """Fewer classes for a detection head, and the outputs that this asks of the layer before it."""
    section = layer.section
    if section.kind == "softmax":
        return _kept_outputs(layer, sections)
    if section.kind not in (*HEADS, "region", "detection"):
        return {}
    classes = section.integer("classes", 1 if section.kind == "detection" else 20)
    if "tree" not in section.options:
        classes = max(2, round(classes * width))
    before = sections[layer.index].kind
    wanted, key = ("connected", "output") if section.kind == "detection" else ("convolutional", "filters")
    if before != wanted:
        raise ValueError(f"line {section.line + 1}: [{section.kind}] behind [{before}], not [{wanted}]")
    return {(1 + layer.index, "classes"): classes, (layer.index, key): _head_outputs(section, classes)}


def _head_outputs(section: Section, classes: int) -> int:
    num = section.integer("num", 1)
    if section.kind == "region":
        return num * (section.integer("coords", 4) + 1 + classes)
    if section.kind == "detection":
        return section.integer("side", 7) ** 2 * ((1 + section.integer("coords", 1)) * num + classes)
    return (len(section.integers("mask")) or num) * (HEADS[section.kind] + classes)


def _kept_outputs(layer: Layer, sections: list[Section]) -> Edits:
    """The layer that fills a softmax with a tree or groups keeps its channels: their number has a meaning."""
    if "tree" not in layer.section.options and layer.section.integer("groups", 1) == 1:
        return {}
    for place in range(layer.index, 0, -1):
        source = sections[place]
        if source.kind == "convolutional":
            return {(place, "filters"): source.integer("filters", 1)}
        if source.kind == "connected":
            return {(place, "output"): source.integer("output", 1)}
        if source.kind not in ("avgpool", "dropout", "activation"):
            break
    raise ValueError(f"line {layer.section.line + 1}: no layer is found that fills this [softmax]")


def _group_edits(full: Layer, now: Layer, width: float) -> Edits:
    """Groups that divide the new channels: one to a channel where it was so, else about `width` times as many."""
    groups, place = full.section.integer("groups", 1), 1 + full.index
    if groups == full.input.c:
        return {(place, "groups"): now.input.c, (place, "filters"): now.input.c * (full.output.c // groups)}
    common = gcd(now.input.c, now.output.c)
    most = max(2, round(groups * width))
    return {(place, "groups"): max(g for g in range(1, most + 1) if common % g == 0)}


def _smaller_sizes(net: Section) -> Iterator[int]:
    """Heights to try, the smallest first: as the full height by 32, and by 64 but for the remainder by 32."""
    height = net.integer("height", 0)
    if height > SMALL_INPUT:
        yield from range(height % 64 or 64, height, 64)
    yield height


def _resized(text: str, net: Section, full: list[Layer], sizes: Iterator[int]) -> str:
    why = ""
    for size in sizes:
        try:
            small = edited(text, _size_edits(net, full, size))
            layers = infer(read_sections(small))
        except ValueError as error:
            why = str(error)
            continue
        tiny = [now for now, then in zip(layers, full, strict=True) if _too_small(now, then)]
        if not tiny:
            return small
        why = f"line {tiny[0].section.line + 1}: [{tiny[0].section.kind}] gives {tiny[0].output}"
    raise ValueError(f"no input size will do: {why}")


def _size_edits(net: Section, full: list[Layer], size: int) -> Edits:
    height, width = net.integer("height", 0), net.integer("width", 0)
    # Steps of 32 keep what a net of stride 32 needs of the other side.
    other = size if width == height else width % 32 + 32 * max(1, width // 32 * size // height)
    edits: Edits = {(0, "height"): size, (0, "width"): other}
    for layer in full:
        if layer.section.kind == "crop":
            edits[1 + layer.index, "crop_height"] = layer.output.h * size // height
            edits[1 + layer.index, "crop_width"] = layer.output.w * other // width
    return edits


def _too_small(now: Layer, then: Layer) -> bool:
    section = then.section
    least = 3 if section.kind == "local" else 2
    if section.kind == "maxpool" and section.integer("stride", 1) == 1:
        # On a smaller map every window would cover the whole of it, and all outputs would be alike.
        least = section.integer("size", 1) // 2 + 2
    return min(now.output.h, now.output.w) < min(least, then.output.h, then.output.w)
