"""Whether a weights file fits what the sections of a cfg ask for, and what it would fit."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from caffe_ir.errors import Note
from converters.darknet import fit
from converters.darknet.assembly import Plan, assembled
from converters.darknet.build import Build
from converters.darknet.cfg import Cfg
from converters.darknet.classes import fitting_classes
from converters.darknet.finite import non_finite
from converters.darknet.header import SIZES
from converters.darknet.sections.heads import HANDLERS as HEADS

_OF_ONE_SIZE = ("connected", "local")
"""Sections whose weights are for one size of their input."""


def arrays_asked_for(plan: Plan, build: Build, whole: Cfg) -> fit.Asked | None:
    """Where the arrays end that the sections ask for; None where one could not be made.

    It is unknown how many a section would have read that is missing.
    """
    if None in build.values:
        return None
    last = len(build.values) - 1
    if plan.cfg is whole:
        return fit.Asked(ends=build.ends, last=last)
    later = assembled(replace(plan, cfg=whole), build.weights)
    made = next((place for place, value in enumerate(later.values) if value is None), len(later.values))
    return fit.Asked(ends=later.ends[:made], last=last, known=made == len(later.values))


def finish_weights(
    plan: Plan, build: Build, asked: fit.Asked | None, *, allow_trailing: bool, check_finite: bool
) -> None:
    """Whether the file fits."""
    if asked is None:
        build.problems.found.extend([build.weights.doubt] if build.weights.doubt else [])
        return
    classes = "" if asked.fits(build.weights.size - build.weights.header.size) else _classes(plan, build)
    problems, notes = fit.finish(build.weights, asked, allow_trailing=allow_trailing, classes=classes)
    fixed = plan.input_size is not None and any(section.kind in _OF_ONE_SIZE for section in plan.cfg.sections)
    hint = "the weights of [connected] and [local] are for the cfg's own input size" if fixed else ""
    build.problems.found.extend(replace(problem, hint=hint or problem.hint) for problem in problems)
    build.net.notes.extend(notes)
    if check_finite and not build.problems.found:
        build.net.notes.extend(non_finite(build.weights))


def _classes(plan: Plan, build: Build) -> str:
    """With which number of classes the weights would fit the cfg; '' if with none."""

    def sized(cfg: Cfg) -> int | None:
        trial = assembled(replace(plan, cfg=cfg), build.weights)
        return None if None in trial.values else trial.ends[-1]

    sizes = {build.weights.size - header for header in (build.weights.header.size, *SIZES[1:])}
    return fitting_classes(plan.cfg, sizes, sized)


def fitting_heads(plan: Plan, build: Build, asked: fit.Asked | None) -> Iterator[Note]:
    """Where the heads alone do not fit what they read: what the weights say about it."""
    lost = [section.kind for section, value in zip(plan.cfg.sections, build.values, strict=True) if value is None]
    if asked is None and build.weights.doubt is None and HEADS.keys() >= set(lost):
        classes = _classes(plan, build)
        if classes:
            text = f"the weights fit {classes}"
            yield Note(kind="warning", text=text, origin=build.weights.origin())
