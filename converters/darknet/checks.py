"""What can be said of the sections of a cfg one by one: unknown ones, and options that nobody read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from caffe_ir.error_kinds.darknet import SECTION_NOT_CONVERTIBLE, UNKNOWN_ACTIVATION, UNKNOWN_SECTION, WHICH_DARKNET
from caffe_ir.errors import Note, Origin, Problem
from converters.darknet.activations import DEFAULTS, choose
from converters.darknet.assembly import Plan
from converters.darknet.build import layer_name
from converters.darknet.cfg import ALIASES, Cfg
from converters.darknet.dialect import NAMES, SECTIONS_OF_ONE, options_of_one
from converters.darknet.foreign_names import option_hint, section_hint
from converters.darknet.header import Dialect
from converters.darknet.section import Section
from converters.darknet.sections import REFUSED


def static_problems(plan: Plan) -> Iterator[Problem]:
    """What can be said of each section by itself, also where the values before it could not be made."""
    known, dialect = plan.known, plan.dialect
    others: Dialect = "alexeyab" if dialect == "darknet" else "darknet"
    first = next((section.index for section in plan.cfg.sections if section.kind not in known), 0)
    for section in plan.cfg.sections:
        origin = _origin(section)
        before = f"--until {first - 1} converts what comes before it" if section.index == first > 0 else ""
        if section.kind in REFUSED and section.kind not in known:
            what = f"{section.written} cannot be converted"
            yield Problem(
                kind=SECTION_NOT_CONVERTIBLE, what=what, why=REFUSED[section.kind], hint=before, origin=origin
            )
        elif section.kind not in known:
            why = "Darknet makes an empty layer of it"
            meant = section_hint(section.kind, [*known, *ALIASES, *REFUSED])
            hint = f"{meant}{' ' if meant.endswith('?') else '; ' * bool(meant and before)}{before}".rstrip()
            yield Problem(
                kind=UNKNOWN_SECTION, what=f"{section.written} is an unknown section", why=why, hint=hint, origin=origin
            )
        elif section.kind in SECTIONS_OF_ONE[others]:
            what = f"{section.written} is unknown to {NAMES[dialect]}"
            yield Problem(
                kind=WHICH_DARKNET,
                what=what,
                why=f"only {NAMES[others]} has it",
                hint=f"--dialect {others}",
                origin=origin,
            )
        if section.kind in known and section.kind in DEFAULTS and section.has("activation"):
            chosen = choose(section.text("activation"), section.kind, dialect, lenient=plan.lenient)
            if chosen.refused:
                place = _origin(section, "activation")
                yield Problem(
                    kind=UNKNOWN_ACTIVATION, what=chosen.refused, why=chosen.why, hint=chosen.hint, origin=place
                )


def unread(cfg: Cfg, sections: Iterable[Section]) -> Iterator[Note]:
    """Warnings for odd values, and for the options in [net] and in `sections` that nobody read."""
    yield from cfg.all_notes()
    for section in (cfg.net, *sections):
        for key, line, value in section.unread():
            meant = option_hint(key, [*section.read_keys(), *options_of_one(section.kind)])
            text = f"the option {key}={value} is unknown and does nothing{'; ' * bool(meant)}{meant}"
            yield Note(kind="warning", text=text, origin=replace(_origin(section), line=line))


def line_of(problem: Problem) -> int:
    """Where a problem stands in the cfg; those of the weights file come last."""
    line = problem.origin.line if problem.origin else None
    return sys.maxsize if line is None else line


def _origin(section: Section, key: str | None = None) -> Origin:
    layer = "net" if section.index < 0 else layer_name(section)
    return replace(section.origin(key), layer=layer)
