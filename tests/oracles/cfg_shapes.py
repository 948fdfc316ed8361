"""A cfg reader and shape inference just large enough to size the arrays of a test net.

Written apart from the product on purpose: what it says is held against real Darknet in test_cfg_shapes.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ALIASES = {
    "conv": "convolutional",
    "deconv": "deconvolutional",
    "conn": "connected",
    "max": "maxpool",
    "avg": "avgpool",
    "local_avg": "local_avgpool",
    "lrn": "normalization",
    "soft": "softmax",
    "network": "net",
    "silence": "empty",
    "reorg_old": "reorg",
}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section: `line` is the index of its header line, `lines[key]` that of the option that counts (the first)."""

    kind: str
    line: int
    options: dict[str, str]
    lines: dict[str, int]

    def integer(self, key: str, default: int) -> int:
        """atoi() of the option."""
        found = re.match(r"[+-]?\d+", self.options[key]) if key in self.options else None
        if found is None:
            return default if key not in self.options else 0
        return int(found.group())

    def real(self, key: str, default: float) -> float:
        """atof() of the option, which must be a number."""
        return float(self.options.get(key, default))

    def integers(self, key: str) -> tuple[int, ...]:
        """The option's comma-separated list, which may be absent."""
        text = self.options.get(key, "")
        return tuple(int(part) for part in text.split(",") if part)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a layer gives on: `count` values, (c, h, w) = (0, 0, 0) where Darknet keeps them flat."""

    c: int
    h: int
    w: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A section with the shapes around it; `sources` are the layers read besides the one before it."""

    index: int
    section: Section
    input: Shape
    output: Shape
    sources: tuple[int, ...]


def image(c: int, h: int, w: int) -> Shape:
    """The shape of c planes of h x w."""
    if min(c, h, w) < 1:
        raise ValueError(f"not a shape: {c} x {h} x {w}")
    return Shape(c=c, h=h, w=w, count=c * h * w)


def flat(count: int) -> Shape:
    """The shape of `count` values in no order of planes."""
    return Shape(c=0, h=0, w=0, count=count)


def read_sections(text: str) -> list[Section]:
    """The sections in file order, [net] first; all blanks inside a line go, as in Darknet's strip()."""
    sections: list[Section] = []
    for number, raw in enumerate(text.split("\n")):
        line = re.sub(r"[ \t\r]", "", raw)
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            kind = line.strip("[]")
            sections.append(Section(kind=ALIASES.get(kind, kind), line=number, options={}, lines={}))
            continue
        key, _, value = line.partition("=")
        if key not in sections[-1].options:
            sections[-1].options[key] = value
            sections[-1].lines[key] = number
    if not sections or sections[0].kind != "net":
        raise ValueError("the first section must be [net]")
    return sections


def infer(sections: Sequence[Section]) -> list[Layer]:
    """The layers after [net] with their shapes. Raises ValueError for an unknown kind of section and an empty shape."""
    net = sections[0]
    before = image(net.integer("channels", 0), net.integer("height", 0), net.integer("width", 0))
    layers: list[Layer] = []
    for index, section in enumerate(sections[1:]):
        if section.kind not in SHAPES:
            raise ValueError(f"line {section.line + 1}: no shape is known for [{section.kind}]")
        sources = _sources(section, index)
        others = [layers[i].output for i in sources]
        output = SHAPES[section.kind](section, before, others)
        layers.append(Layer(index=index, section=section, input=before, output=output, sources=sources))
        before = output
    return layers


def conv_padding(s: Section) -> int:
    """pad=1 stands for half the kernel, whatever `padding` says (parser.c:parse_convolutional)."""
    return s.integer("size", 1) // 2 if s.integer("pad", 0) else s.integer("padding", 0)


def _sources(section: Section, index: int) -> tuple[int, ...]:
    listed = section.integers("layers" if section.kind == "route" else "from")
    return tuple(i if i >= 0 else index + i for i in listed)


def _same(s: Section, x: Shape, others: list[Shape]) -> Shape:
    return x


def _flat(s: Section, x: Shape, others: list[Shape]) -> Shape:
    return flat(x.count)


def _first_source(s: Section, x: Shape, others: list[Shape]) -> Shape:
    return others[0]


def _convolutional(s: Section, x: Shape, others: list[Shape]) -> Shape:
    size, pad, stride = s.integer("size", 1), conv_padding(s), s.integer("stride", 1)
    h = (x.h + 2 * pad - size) // s.integer("stride_y", stride) + 1
    w = (x.w + 2 * pad - size) // s.integer("stride_x", stride) + 1
    return image(s.integer("filters", 1), h, w)


def _deconvolutional(s: Section, x: Shape, others: list[Shape]) -> Shape:
    size, pad, stride = s.integer("size", 1), conv_padding(s), s.integer("stride", 1)
    return image(s.integer("filters", 1), (x.h - 1) * stride + size - 2 * pad, (x.w - 1) * stride + size - 2 * pad)


def _connected(s: Section, x: Shape, others: list[Shape]) -> Shape:
    return image(s.integer("output", 1), 1, 1)


def _local(s: Section, x: Shape, others: list[Shape]) -> Shape:
    # local_layer.c:local_out_height: with pad the kernel is taken for 1, and im2col pads by `pad` pixels.
    lost = 1 if s.integer("pad", 0) else s.integer("size", 1)
    stride = s.integer("stride", 1)
    return image(s.integer("filters", 1), (x.h - lost) // stride + 1, (x.w - lost) // stride + 1)


def _pool(s: Section, x: Shape, others: list[Shape]) -> Shape:
    stride = s.integer("stride", 1)
    size = s.integer("size", stride)
    padding = s.integer("padding", size - 1)
    if s.integer("maxpool_depth", 0):
        return image(s.integer("out_channels", 1), x.h, x.w)
    h = (x.h + padding - size) // s.integer("stride_y", stride) + 1
    w = (x.w + padding - size) // s.integer("stride_x", stride) + 1
    return image(x.c, h, w)


def _avgpool(s: Section, x: Shape, others: list[Shape]) -> Shape:
    return image(x.c, 1, 1)


def _upsample(s: Section, x: Shape, others: list[Shape]) -> Shape:
    stride = s.integer("stride", 2)
    return image(x.c, x.h * stride, x.w * stride) if stride > 0 else image(x.c, x.h // -stride, x.w // -stride)


def _route(s: Section, x: Shape, others: list[Shape]) -> Shape:
    groups = s.integer("groups", 1)
    if len({(o.h, o.w) for o in others}) > 1 or others[0].c == 0:
        return flat(sum(o.count for o in others) // groups)
    return image(sum(o.c for o in others) // groups, others[0].h, others[0].w)


def _reorg(s: Section, x: Shape, others: list[Shape]) -> Shape:
    stride, extra = s.integer("stride", 1), s.integer("extra", 0)
    if extra:
        return flat(x.count + extra)
    if s.integer("reverse", 0):
        return image(x.c // stride**2, x.h * stride, x.w * stride)
    if x.c < stride**2:
        raise ValueError(f"line {s.line + 1}: [reorg] of {x.c} channels by {stride}")
    return image(x.c * stride**2, x.h // stride, x.w // stride)


def _crop(s: Section, x: Shape, others: list[Shape]) -> Shape:
    return image(x.c, s.integer("crop_height", 1), s.integer("crop_width", 1))


def _implicit(s: Section, x: Shape, others: list[Shape]) -> Shape:
    return image(s.integer("filters", 128), s.integer("atoms", 1), 1)


SHAPES: dict[str, Callable[[Section, Shape, list[Shape]], Shape]] = {
    "convolutional": _convolutional,
    "deconvolutional": _deconvolutional,
    "connected": _connected,
    "local": _local,
    "maxpool": _pool,
    "local_avgpool": _pool,
    "avgpool": _avgpool,
    "upsample": _upsample,
    "route": _route,
    "reorg": _reorg,
    "reorg3d": _reorg,
    "crop": _crop,
    "implicit": _implicit,
    "scale_channels": _first_source,
    "softmax": _flat,
    "detection": _flat,
    "cost": _flat,
    "contrastive": _flat,
    "shortcut": _same,
    "dropout": _same,
    "activation": _same,
    "batchnorm": _same,
    "normalization": _same,
    "l2norm": _same,
    "logistic": _same,
    "iseg": _same,
    "sam": _same,
    "empty": _same,
    "yolo": _same,
    "Gaussian_yolo": _same,
    "region": _same,
}
