"""Darknet's .cfg files, read as Darknet reads them: src/parser.c read_cfg, src/option_list.c, src/utils.c strip."""

from __future__ import annotations

import builtins
import configparser
import ctypes
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from caffe_ir.errors import ConversionError, Note, Origin, Problem, Problems

ALIASES = {
    "network": "net",
    "conv": "convolutional",
    "deconv": "deconvolutional",
    "conn": "connected",
    "max": "maxpool",
    "avg": "avgpool",
    "local_avg": "local_avgpool",
    "lrn": "normalization",
    "soft": "softmax",
    "silence": "empty",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Options that never change what a net computes from an input, by the places that read them: training, augmentation,
# the way a picture is brought to the input, and what is done to boxes after the last layer.
IGNORED_IN_NET = _words(
    "batch subdivisions time_steps notruth learning_rate learning_rate_min sgdr_cycle sgdr_mult momentum decay"
    " policy power step scale steps scales seq_scales gamma burn_in max_batches adam B1 B2 eps clip random"
    " max_crop min_crop max_ratio min_ratio center angle aspect saturation exposure hue flip blur gaussian_noise"
    " mixup cutmix mosaic mosaic_bound letter_box label_smooth_eps resize_step attention adversarial_lr"
    " contrastive contrastive_jit_flip contrastive_color unsupervised max_chart_loss track augment_speed"
    " sequential_subdivisions try_fix_nan weights_reject_freq equidistant_point badlabels_rejection_percentage"
    " num_sigmas_reject_badlabels ema_alpha use_cuda_graph loss_scale dynamic_minibatch optimized_memory"
    " workspace_size_limit_MB show_receptive_field"
)
IGNORED_IN_LAYERS = _words(
    "clip truth onlyforward stopbackward dontsave learning_rate smooth dont_update burnin_update train_only_bn"
)
_DETECTOR = (
    "max jitter resize random rescore coord_scale object_scale noobject_scale mask_scale class_scale focal_loss map"
    " ignore_thresh truth_thresh iou_thresh iou_thresh_kind iou_loss iou_normalizer obj_normalizer cls_normalizer"
    " delta_normalizer uc_normalizer max_delta counters_per_class label_smooth_eps objectness_smooth show_details"
    " beta_nms nms_kind yolo_point track_history_size sim_thresh dets_for_track dets_for_show track_ciou_norm"
    " embedding_layer"
)
IGNORED_BY_KIND: Mapping[str, frozenset[str]] = {
    "convolutional": _words(
        "assisted_excitation sway rotate stretch stretch_sway angle grad_centr dot reverse stream wait_stream"
    ),
    "route": frozenset({"stream", "wait_stream"}),
    "dropout": _words("probability dropblock dropblock_size_rel dropblock_size_abs"),
    "crop": _words("flip angle saturation exposure shift"),
    "cost": _words("type scale ratio noobj thresh"),
    "softmax": frozenset({"noloss"}),
    "implicit": frozenset({"mean", "std"}),
    "yolo": _words(_DETECTOR),
    "Gaussian_yolo": _words(_DETECTOR),
    "region": _words(f"{_DETECTOR} log sqrt thresh classfix absolute bias_match"),
    "detection": _words(f"{_DETECTOR} forced sqrt reorg"),
}

_LARGEST_CFG = 16 << 20
_BLANKS = str.maketrans("", "", " \t\r")
_TYPE = re.compile(r"\[[^][]+\]")
_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(
    r"[+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|infinity|inf|nan)",
    re.IGNORECASE,
)


def atoi(text: str) -> tuple[int, bool]:
    """What C's atoi reads at the start of `text`, and whether it is all of it (glibc: strtol, cut to 32 bits)."""
    found = _INT.match(text)
    if found is None:
        return 0, False
    digits = found[0].lstrip("+-0")[:20] or "0"
    value = -int(digits) if found[0][0] == "-" else int(digits)
    long = max(-(2**63), min(2**63 - 1, value))
    cut = ctypes.c_int32(long & 0xFFFFFFFF).value
    return cut, found.end() == len(text) and cut == value


def atof(text: str) -> tuple[float, bool]:
    """The float32 next to what C's atof reads at the start of `text`, and whether it is all of it."""
    found = _FLOAT.match(text)
    if found is None:
        return 0.0, False
    try:
        value = float.fromhex(found[0]) if "x" in found[0].lower() else float(found[0])
    except OverflowError:
        value = float("-inf" if found[0][0] == "-" else "inf")
    return ctypes.c_float(value).value, found.end() == len(text)


class Option(Struct, frozen=True, kw_only=True):
    """One `key=value` line; `value` is None on a line without `=`, which Darknet takes for a key that is not set."""

    value: str | None
    line: int


class Section(Struct, frozen=True, kw_only=True, eq=False):
    """One section. It remembers which of its options were read, and what there was to say about their values.

    `kind` is the type without brackets and aliases; `written` is the type as it stands in the file; `index` counts
    the sections after [net] from 0, and is -1 for [net].
    """

    file: str
    kind: str
    written: str
    index: int
    line: int
    options: Mapping[str, Option]
    _asked: set[str] = field(default_factory=set)
    _odd: dict[str, Note] = field(default_factory=dict)

    @property
    def layer(self) -> str:
        """The section's own name: `net`, `convolutional_0`, `shortcut_15`."""
        return self.kind if self.index < 0 else f"{self.kind}_{self.index}"

    @property
    def notes(self) -> tuple[Note, ...]:
        """A warning for every option read so far that Darknet takes for something else than what is written."""
        return tuple(self._odd.values())

    def origin(self, key: str | None = None) -> Origin:
        """Where the section begins, or the line of its option `key`."""
        line = self.options[key].line if key is not None and key in self.options else self.line
        return Origin(layer=self.layer, what=self.written, file=self.file, line=line)

    def has(self, key: str) -> bool:
        """Whether `key` has a value; counts as reading it."""
        return self._find(key) is not None

    def text(self, key: str, default: str = "") -> str:
        """The value as it is written: Darknet knows no comment behind a value."""
        value = self._find(key)
        if value is None:
            return default
        if "#" in value or ";" in value:
            self._tell(key, f"Darknet takes {value!r} as it stands, it knows no comment behind a value")
        return value

    def int(self, key: str, default: builtins.int) -> builtins.int:
        """What atoi reads from the value."""
        value = self._find(key)
        if value is None:
            return default
        read, whole = atoi(value)
        if not whole:
            self._tell(key, f"Darknet reads {read}")
        return read

    def float(self, key: str, default: builtins.float) -> builtins.float:
        """What atof reads from the value, rounded to float32 as Darknet keeps it (option_find_float)."""
        value = self._find(key)
        if value is None:
            return ctypes.c_float(default).value
        read, whole = atof(value)
        if not whole:
            self._tell(key, f"Darknet reads {read:g}")
        return read

    def ints(
        self, key: str, default: tuple[builtins.int, ...] = (), *, until_hash: bool = False
    ) -> tuple[builtins.int, ...]:
        """A list: as many elements as commas plus one, each read by atoi.

        AlexeyAB's fork stops counting at a `#` in some lists (`until_hash`: parse_yolo_mask), not in others.
        """
        parts = self._parts(key, until_hash)
        if parts is None:
            return default
        read = [atoi(part) for part in parts]
        values = tuple(value for value, _ in read)
        self._tell_list(key, values, all(whole for _, whole in read))
        return values

    def floats(
        self, key: str, default: tuple[builtins.float, ...] = (), *, until_hash: bool = False
    ) -> tuple[builtins.float, ...]:
        """A list: as many elements as commas plus one, each read by atof and rounded to float32."""
        parts = self._parts(key, until_hash)
        if parts is None:
            return default
        read = [atof(part) for part in parts]
        values = tuple(value for value, _ in read)
        self._tell_list(key, values, all(whole for _, whole in read))
        return values

    def read_keys(self) -> list[str]:
        """The options that were asked for so far, whether the section has them or not."""
        return sorted(self._asked)

    def unread(self) -> list[tuple[str, builtins.int, str]]:
        """(key, line, value) of every option that nobody read and that is not known to be irrelevant."""
        by_kind = IGNORED_BY_KIND.get(self.kind, frozenset())
        known = IGNORED_IN_NET if self.index < 0 else IGNORED_IN_LAYERS | by_kind
        return [
            (key, option.line, option.value)
            for key, option in self.options.items()
            if option.value is not None and key not in known and key not in self._asked
        ]

    def _find(self, key: str) -> str | None:
        self._asked.add(key)
        return self.options[key].value if key in self.options else None

    def _parts(self, key: str, until_hash: bool) -> list[str] | None:
        value = self._find(key)
        if value is None:
            return None
        counted = value.split("#")[0] if until_hash else value
        return value.split(",")[: counted.count(",") + 1]

    def _tell_list(self, key: str, values: Sequence[builtins.float], whole: bool) -> None:
        if not whole:
            self._tell(key, f"Darknet reads {','.join(f'{value:g}' for value in values)}")

    def _tell(self, key: str, what: str) -> None:
        text = f"{key}={self.options[key].value}: {what}"
        self._odd.setdefault(key, Note(kind="warning", text=text, origin=self.origin(key)))


class Cfg(Struct, frozen=True, kw_only=True):
    """A whole file: the [net] section, the others in their order, and what was found odd in the lines themselves."""

    path: str
    net: Section
    sections: tuple[Section, ...]
    notes: tuple[Note, ...]

    def all_notes(self) -> tuple[Note, ...]:
        """`notes`, and those of every section on the options read so far."""
        return self.notes + tuple(note for section in (self.net, *self.sections) for note in section.notes)


def read_cfg(path: str | Path) -> Cfg:
    """Read a cfg file. Raises ConversionError with every problem found, also where the file cannot be read at all."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_CFG + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _not_a_cfg(str(path), f"cannot be read: {reason}") from error
    return parse_cfg(data, str(path))


def parse_cfg(data: bytes, file: str) -> Cfg:
    """Read the bytes of a cfg file; `file` is the name told in messages. Raises ConversionError."""
    problems, notes = Problems(), list[Note]()
    text = _decode(data, file, notes)
    lines = _meaningful_lines(text, file, problems)
    if not any(line[0] == "[" for _, line in lines):
        problems.add("has no sections", hint="a cfg file begins with [net]", origin=_place(file))
        problems.raise_if_any()
    parser = _Ini()
    parser.read_file(_ini_lines(lines, file, problems, notes))
    sections = [_section(parser, name, index, file, notes) for index, name in enumerate(parser.sections(), -1)]
    _check(sections, problems)
    problems.raise_if_any()
    return Cfg(path=file, net=sections[0], sections=tuple(sections[1:]), notes=tuple(notes))


class _Ini(configparser.RawConfigParser):
    """Case kept, `=` alone divides, no comments, no interpolation, no defaults."""

    def __init__(self) -> None:
        super().__init__(delimiters=("=",), comment_prefixes=(), allow_no_value=True, interpolation=None)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _decode(data: bytes, file: str, notes: list[Note]) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _not_a_cfg(file, "is UTF-16 text", hint="save it as UTF-8 without a byte order mark")
    if b"\0" in data or len(data) > _LARGEST_CFG:
        raise _not_a_cfg(file, "is no text file", hint="the cfg file comes first, the weights file second")
    if data.startswith(b"\xef\xbb\xbf"):
        text = "the cfg begins with a byte order mark, which Darknet itself crashes on; it is skipped here"
        notes.append(Note(kind="warning", text=text, origin=_place(file, 1)))
    if b"\r" in data:
        text = (
            "the cfg has carriage returns (CRLF): AlexeyAB's Darknet and this tool skip them, pjreddie's cannot read it"
        )
        notes.append(Note(kind="warning", text=text, origin=_place(file)))
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def _meaningful_lines(text: str, file: str, problems: Problems) -> list[tuple[int, str]]:
    """The lines that are neither blank nor comments, without their blanks (strip deletes them inside a line, too).

    Bytes that are no text are Darknet's own affair in a comment. Elsewhere it would keep them as part of a word (also
    a vertical tab, a no-break space), which no user means.
    """
    stripped = ((number, line.translate(_BLANKS)) for number, line in enumerate(text.split("\n"), 1))
    lines = [(number, line) for number, line in stripped if line and line[0] not in "#;"]
    strange = [number for number, line in lines if not line.isprintable()]
    if strange:
        more = f" (and {len(strange) - 1} more such lines)" if strange[1:] else ""
        what = f"has characters that are not printable UTF-8 text{more}"
        problems.add(what, hint="retype the line", origin=_place(file, strange[0]))
    return [(number, line) for number, line in lines if line.isprintable()]


def _ini_lines(lines: Iterable[tuple[int, str]], file: str, problems: Problems, notes: list[Note]) -> Iterable[str]:
    """The same lines with their number before type and key, so that configparser meets no name twice."""
    begun = False
    for number, line in lines:
        if line[0] == "[":
            begun = True
            yield f"[{number}:{line}]"
        elif not begun:
            problems.add(f"{line!r} stands before any section", why="Darknet crashes", origin=_place(file, number))
        elif line.find("=") == len(line) - 1:
            text = f"{line} has no value, Darknet drops the line"
            notes.append(Note(kind="warning", text=text, origin=_place(file, number)))
        else:
            yield f"{number}:{line}"


def _section(parser: _Ini, name: str, index: int, file: str, notes: list[Note]) -> Section:
    number, _, written = name.partition(":")
    kind = written.removeprefix("[").removesuffix("]")
    options: dict[str, Option] = {}
    pairs: Sequence[tuple[str, str | None]] = parser.items(name)
    for numbered, value in pairs:
        line, _, key = numbered.partition(":")
        option = Option(value=value, line=int(line))
        first = options.setdefault(key, option)
        if first is not option:
            shown = "not set" if first.value is None else repr(first.value)
            text = f"{key} stands in line {first.line} already: Darknet takes the first, {shown}"
        elif value is None:
            text = f"{key} has no '=': Darknet takes it for not set, also if it is set further down in the section"
        elif not key:
            text = f"={value} has no key, Darknet never reads it"
        else:
            continue
        notes.append(Note(kind="warning", text=text, origin=_place(file, option.line)))
    return Section(
        file=file, kind=ALIASES.get(kind, kind), written=written, index=index, line=int(number), options=options
    )


def _check(sections: Sequence[Section], problems: Problems) -> None:
    for section in sections:
        if _TYPE.fullmatch(section.written) is None:
            hint = "put a comment on a line of its own" if "]" in section.written else "close the bracket"
            why = "Darknet takes the whole line for the type"
            problems.add(f"{section.written} is no section type", why=why, hint=hint, origin=section.origin())
        elif section.index < 0 and section.kind != "net":
            what = f"the first section is {section.written}"
            problems.add(what, hint="it must be [net] or [network]", origin=section.origin())
        elif section.index >= 0 and section.kind == "net":
            problems.add("there is a second [net]", why="Darknet makes an empty layer of it", origin=section.origin())
    if len(sections) == 1:
        problems.add("no layer follows", origin=sections[0].origin())


def _place(file: str, line: int | None = None) -> Origin:
    return Origin(layer="", file=file, line=line)


def _not_a_cfg(file: str, what: str, hint: str = "") -> ConversionError:
    return ConversionError(Problem(what=what, hint=hint, origin=_place(file)))
