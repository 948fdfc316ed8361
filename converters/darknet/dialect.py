"""Which of the two Darknets a model is for, the original or AlexeyAB's, and which batch normalisation that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from caffe_ir.errors import ConversionError, Origin, Problem
from converters.darknet.activations import ACTIVATIONS
from converters.darknet.cfg import Cfg
from converters.darknet.section import Section, atof
from converters.darknet.weights import Dialect

DialectChoice = Literal["auto", "darknet", "alexeyab"]
BatchNormChoice = Literal["auto", "darknet-cpu", "darknet-gpu", "alexeyab"]
Version = tuple[int, int, int]

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

# The writers of the two put this version into a weights file (parser.c, save_weights_upto).
FIRST_ALEXEYAB: Version = (0, 2, 5)


class Evidence(Struct, frozen=True, kw_only=True):
    """Something in a cfg that only one of the two Darknets understands."""

    dialect: Dialect
    what: str
    origin: Origin


class Decision(Struct, frozen=True, kw_only=True):
    """A dialect, and what decided on it."""

    dialect: Dialect
    why: str


class BatchNormForm(Struct, frozen=True, kw_only=True):
    """`outside`: (x - mean) / (sqrt(var) + eps); `inside`: (x - mean) / sqrt(var + eps)."""

    form: Literal["inside", "outside"]
    eps: float
    why: str

    def __str__(self) -> str:
        return "sqrt(variance) + 1e-6" if self.form == "outside" else "sqrt(variance + 1e-5)"


def options_of_one(kind: str) -> list[str]:
    """The options of a section of this type that only one of the two Darknets reads."""
    return sorted({key for options in OPTIONS_OF_ONE.values() for where, key in options if where == kind})


def evidence(cfg: Cfg) -> list[Evidence]:
    """Everything in a cfg that only one of the two Darknets understands, in the order of the file."""
    return [found for section in cfg.sections for found in _evidence_of(section)]


def decide_dialect(cfg: Cfg, version: Version, wanted: DialectChoice = "auto") -> Decision:
    """The dialect of a model: as the user says, else by its cfg, else by who wrote its weights.

    Raises ConversionError where the cfg, or the cfg and the weights, contradict themselves.
    """
    if wanted != "auto":
        return Decision(dialect=wanted, why="as asked for")
    found = evidence(cfg)
    by_header = written_by(version)
    version_text = "the weights were written by version " + ".".join(map(str, version))
    first = {one.dialect: one for one in reversed(found)}
    if len(first) == 2:
        raise _conflict(first["darknet"], first["alexeyab"])
    if not found:
        return Decision(dialect=by_header, why=version_text)
    (one,) = first.values()
    if one.dialect == "darknet" and by_header == "alexeyab":
        raise _conflict(one, None)
    place = f"line {one.origin.line}" if one.origin.line is not None else cfg.path
    return Decision(dialect=one.dialect, why=f"{one.what} in {place} is only known there")


def written_by(version: Version) -> Dialect:
    """Whose program writes such a header: AlexeyAB's 0.2.5; the original 0.2.0, before that 0.1.0 or none at all."""
    newer = version >= FIRST_ALEXEYAB and max(version[:2]) < 1000
    return "alexeyab" if newer else "darknet"


def batch_norm_form(dialect: Dialect, wanted: BatchNormChoice = "auto") -> BatchNormForm:
    """What a normalised layer divides by.

    The original's CPU code: blas.c, normalize_cpu; its GPU code: blas_kernels.cu, normalize_kernel; AlexeyAB's CPU code
    is as his GPU code.
    """
    if wanted == "auto":
        outside = dialect == "darknet"
        program = "the original's CPU code" if outside else "AlexeyAB's Darknet"
        other = "--bn darknet-gpu takes sqrt(variance + 1e-5)" if outside else "--bn darknet-cpu takes the other form"
        why = f"as {program} does; {other}"
    else:
        outside = wanted == "darknet-cpu"
        why = f"as asked for with --bn {wanted}"
    return BatchNormForm(form="outside" if outside else "inside", eps=1e-6 if outside else 1e-5, why=why)


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
        what=what,
        why="so neither computes this net as it stands",
        hint="say which one is meant with --dialect darknet or --dialect alexeyab",
        origin=original.origin,
    )
    return ConversionError(problem)
