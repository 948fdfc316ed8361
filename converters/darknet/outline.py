"""A cfg without its weights: the net in all its shapes, for what needs no number."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.blob import Blob, Shape
from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.net import Net
from converters.darknet.assembly import Plan, assembled
from converters.darknet.cfg import cut, read_cfg
from converters.darknet.checks import static_problems
from converters.darknet.dialect import DialectChoice, batch_norm_form, decide_dialect
from converters.darknet.header import NO_HEADER
from converters.darknet.sections import HANDLERS
from converters.darknet.weights import WeightsFile


class NoWeights(WeightsFile):
    """Weights that are all zero, as many as anybody asks for."""

    def read(self, shape: Shape, *, origin: Origin, what: str) -> Blob:
        super().read(shape, origin=origin, what=what)
        return Blob.of_zeros(shape)


def outline(
    cfg: str | Path,
    *,
    dialect: DialectChoice = "auto",
    bn: str = "auto",
    input_size: tuple[int, int] | None = None,
    batch: int = 1,
    lenient: bool = False,
    until: int | None = None,
) -> Net:
    """The net of a cfg with weights of zero, by the options of `convert`. Raises ConversionError with every problem."""
    whole = read_cfg(cfg)
    decision = decide_dialect(whole, None, dialect)
    read = whole if until is None else cut(whole, until)
    try:
        form = batch_norm_form(decision.writer, bn)
    except ValueError as error:
        raise ConversionError(Problem(kind=OPTION_VALUE, what=f"bn: {error}")) from None
    plan = Plan(
        cfg=read,
        known=HANDLERS,
        dialect=decision.dialect,
        batch_norm=form,
        input_size=input_size,
        batch=batch,
        lenient=lenient,
    )
    static = list(static_problems(plan))
    nothing = NoWeights(path=Path(cfg).with_suffix(".weights"), header=NO_HEADER, size=0, other_header=None)
    build = assembled(plan, nothing)
    if problems := [*static, *build.problems.found]:
        raise ConversionError(*problems)
    return build.net
