"""Which of the two Darknets a model is for, the original or AlexeyAB's, and which batch normalisation that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.darknet import WHICH_DARKNET
from caffe_ir.errors import ConversionError, Origin, Problem
from converters.darknet.activations import ACTIVATIONS
from converters.darknet.batch_norm import DARKNET_CPU, DARKNET_GPU, BatchNormForm, form_of
from converters.darknet.cfg import Cfg
from converters.darknet.header import Dialect, Header, Version
from converters.darknet.section import Section, atof

DialectChoice = Literal["auto", "darknet", "alexeyab"]
Writer = Literal["darknet", "alexeyab", "alexeyab-2018", "pytorch"]
"""Whose program wrote the weights: AlexeyAB's until October 2018, or later; or one in PyTorch that reads cfg files."""

NAMES: Mapping[Dialect, str] = {"darknet": "the original Darknet", "alexeyab": "AlexeyAB's Darknet"}

# Section types that one of the two takes for an empty layer (parser.c, string_to_layer_type).
SECTIONS_OF_ONE: Mapping[Dialect, frozenset[str]] = {
    "darknet": frozenset({"deconvolutional", "iseg", "l2norm", "logistic"}),
    "alexeyab": frozenset(
        {
            "Gaussian_yolo",
            "contrastive",
            "conv_lstm",
            "empty",
            "history",
            "implicit",
            "local_avgpool",
            "reorg3d",
            "sam",
            "scale_channels",
        }
    ),
}

# Options that change what a layer computes and that one of the two never reads; the value says that they do nothing.
OPTIONS_OF_ONE: Mapping[Dialect, Mapping[tuple[str, str], str | None]] = {
    "darknet": {
        ("shortcut", "alpha"): "1",
        ("shortcut", "beta"): "1",
        ("reorg", "flatten"): "0",
        ("reorg", "extra"): "0",
        ("region", "background"): "0",
    },
    "alexeyab": {
        ("convolutional", "stride_x"): None,
        ("convolutional", "stride_y"): None,
        ("convolutional", "dilation"): "1",
        ("convolutional", "antialiasing"): "0",
        ("convolutional", "share_index"): None,
        ("convolutional", "cbn"): "0",
        ("maxpool", "stride_x"): None,
        ("maxpool", "stride_y"): None,
        ("maxpool", "maxpool_depth"): "0",
        ("maxpool", "antialiasing"): "0",
        ("shortcut", "weights_type"): "none",
        ("route", "groups"): "1",
        ("yolo", "scale_x_y"): "1",
        ("yolo", "new_coords"): "0",
    },
}

# The writers of the two put these versions into a weights file (parser.c, save_weights_upto): the original 0.1.0 until
# June 2017, then 0.2.0, and had [yolo] from March 2018 on; AlexeyAB's 0.1.0 until October 2018, then 0.2.5.
FIRST: Version = (0, 1, 0)
FIRST_ALEXEYAB: Version = (0, 2, 5)


class Evidence(Struct, frozen=True, kw_only=True):
    """Something in a cfg that only one of the two Darknets understands."""

    dialect: Dialect
    what: str
    origin: Origin


class Decision(Struct, frozen=True, kw_only=True):
    """A dialect, what decided on it, and whose program the weights are of."""

    dialect: Dialect
    why: str
    writer: Writer


def options_of_one(kind: str) -> list[str]:
    """The options of a section of this type that only one of the two Darknets reads."""
    return sorted({key for options in OPTIONS_OF_ONE.values() for where, key in options if where == kind})


def evidence(cfg: Cfg) -> list[Evidence]:
    """Everything in a cfg that only one of the two Darknets understands, in the order of the file."""
    return [found for section in cfg.sections for found in _evidence_of(section)]


def decide_dialect(cfg: Cfg, version: Version | None, wanted: DialectChoice = "auto") -> Decision:
    """The dialect of a model: as the user says, else by its cfg, else by who wrote its weights (None: nobody knows).

    Raises ConversionError where the cfg, or the cfg and the weights, contradict themselves.
    """
    found = evidence(cfg)
    old = version == FIRST and not any(one.dialect == "alexeyab" for one in found)
    if wanted != "auto":
        return Decision(dialect=wanted, why="as asked for", writer=_writer(wanted, old))
    by_header = written_by(version, cfg)
    first = {one.dialect: one for one in reversed(found)}
    if len(first) == 2:
        raise _conflict(first["darknet"], first["alexeyab"])
    if not found:
        return Decision(dialect=by_header, why=_why_by_header(version, by_header), writer=_writer(by_header, old))
    (one,) = first.values()
    if one.dialect == "darknet" and by_header == "alexeyab":
        raise _conflict(one, None)
    place = f"line {one.origin.line}" if one.origin.line is not None else cfg.path
    why = f"{one.what} in {place} is only known there"
    return Decision(dialect=one.dialect, why=why, writer=_writer(one.dialect, old))


def written_by(version: Version | None, cfg: Cfg) -> Dialect:
    """Whose program writes such a header for such a cfg."""
    if version is None:
        return "darknet"
    newer = version >= FIRST_ALEXEYAB and max(version[:2]) < 1000
    older = version == FIRST and any(section.kind == "yolo" for section in cfg.sections)
    return "alexeyab" if newer or older else "darknet"


def _writer(dialect: Dialect, old: bool) -> Writer:
    return "alexeyab-2018" if old and dialect == "alexeyab" else dialect


def writer_by_header(writer: Writer, header: Header) -> Writer:
    """The same, but for a header of five int32 under a version of four: PyTorch-YOLOv3 and its forks write it."""
    return "pytorch" if (header.size, header.usual_size) == (20, 16) else writer


def _why_by_header(version: Version | None, dialect: Dialect) -> str:
    if version is None:
        return "nothing says otherwise; if it is AlexeyAB's, --dialect alexeyab"
    text = "the weights were written by version " + ".".join(map(str, version))
    if version != FIRST:
        return text
    if dialect == "alexeyab":
        return f"{text}, which the original no longer wrote when it got [yolo], and AlexeyAB's wrote until October 2018"
    return f"{text}, the original's until June 2017, but also AlexeyAB's until October 2018: then --dialect alexeyab"


def batch_norm_form(writer: Writer, wanted: str = "auto") -> BatchNormForm:
    """What a normalised layer divides by: as the user says (form_of), else as the program of the weights does.

    Raises ValueError for what names no form.
    """
    if wanted != "auto":
        return replace(form_of(wanted), why=f"as asked for with --bn {wanted}")
    form, why = _FORMS[writer]
    return replace(form, why=why)


# AlexeyAB's CPU code was the original's until 2018 and is as his GPU code since.
_FORMS: Mapping[Writer, tuple[BatchNormForm, str]] = {
    "darknet": (DARKNET_CPU, f"as the original's CPU code does; --bn darknet-gpu takes {DARKNET_GPU}"),
    "alexeyab": (DARKNET_GPU, "as AlexeyAB's Darknet does; --bn darknet-cpu takes the other form"),
    "alexeyab-2018": (DARKNET_CPU, f"as AlexeyAB's CPU code of 2018 does; --bn darknet-gpu takes {DARKNET_GPU}"),
    "pytorch": (DARKNET_GPU, "PyTorch's default; for a program with another epsilon: --bn inside:1e-4"),
}


def _evidence_of(section: Section) -> Iterator[Evidence]:
    for dialect, kinds in SECTIONS_OF_ONE.items():
        if section.kind in kinds:
            yield Evidence(dialect=dialect, what=section.written, origin=section.origin())
    for dialect, options in OPTIONS_OF_ONE.items():
        for (kind, key), idle in options.items():
            value = section.options[key].value if key in section.options else None
            if kind == section.kind and value is not None and not _says_nothing(value, idle):
                yield Evidence(dialect=dialect, what=f"{key}={value}", origin=section.origin(key))
    activation = section.options["activation"].value if "activation" in section.options else None
    known = ACTIVATIONS.get(activation or "")
    if known is not None and known.only_alexeyab:
        yield Evidence(dialect="alexeyab", what=f"activation={activation}", origin=section.origin("activation"))


def _says_nothing(value: str, idle: str | None) -> bool:
    if idle is None:
        return False
    return value == idle if idle == "none" else atof(value)[0] == atof(idle)[0]


def _conflict(original: Evidence, alexeyab: Evidence | None) -> ConversionError:
    other = f"{alexeyab.what} (line {alexeyab.origin.line})" if alexeyab else "the version in the weights file"
    what = f"{original.what} is only known to the original Darknet, {other} only to AlexeyAB's"
    problem = Problem(
        kind=WHICH_DARKNET,
        what=what,
        why="so neither computes this net as it stands",
        hint="choose with --dialect darknet or --dialect alexeyab",
        origin=original.origin,
    )
    return ConversionError(problem)
