"""`convert run STEM PICTURE...`: a converted net at work on pictures, from the file to boxes or classes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from converters.cli.command import Command, InputFile, refuse_missing
from converters.cli.failure import CANNOT_CONVERT, failures_reported, texts_of
from converters.cli.progress import counted, working
from converters.cli.run_shown import as_json, as_text, drawn
from converters.cli.say import say, say_whole
from converters.cli.verify_source import pair_of
from converters.options.verify import ENGINES

if TYPE_CHECKING:
    from concurrent.futures import Future

    from converters.run.answer import Answer, ReadyPicture
    from converters.run.model import Model
    from converters.run.session import Session

MARK = "drawn by tocaffe"
"""Stands in the pictures that are written: a later run knows by it what it may replace."""


@click.command(
    cls=Command,
    examples=(
        "convert run deploy dog.jpg --names coco.names --out boxes.png",
        "convert run deploy.prototxt photos/ --out drawn/ --json > found.jsonl",
    ),
)
@click.argument("net", metavar="STEM")
@click.argument("pictures", nargs=-1, required=True, type=InputFile(or_folder=True), metavar="PICTURE...")
@click.option("--engine", type=click.Choice(ENGINES), help="Program that runs the net.  [default: opencv if installed]")
@click.option(
    "-o", "--out", metavar="FILE.png|FOLDER",
    help="Write the picture with boxes or classes drawn; a folder for several pictures.",
)  # fmt: skip
@click.option("--json", "json", is_flag=True, help="Print a line of JSON for each picture.")
@click.option("--names", type=InputFile(), metavar="FILE", help="Names of the classes, one a line.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Lowest score at which a box is reported.  [default: Darknet's own]",
)
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="Number of classes to print.")
@click.option("-q", "--quiet", is_flag=True, help="Print only errors and the lines of --json.")
def run(
    net: str,
    pictures: tuple[Path, ...],
    engine: str | None,
    out: str | None,
    json: bool,
    names: Path | None,
    threshold: float | None,
    top: int,
    quiet: bool,
) -> None:
    """Run the Caffe net STEM on pictures: boxes, the best classes, or the classes of pixels.

    STEM.heads.json says how to prepare a picture and what the outputs mean. Without it STEM.input.json says the former,
    and a vector is taken as the scores of classes. A folder stands for all pictures in it. A picture that cannot be
    read is reported and skipped; the exit code is then 1.
    """
    failed = 0
    with ExitStack() as stack:
        with failures_reported(net, what="cannot be run"):
            from converters.pictures.reading import ENDINGS, OTHER_ENDINGS
            from converters.run.ahead import ahead
            from converters.run.answer import ready_picture
            from converters.run.model import read_model
            from converters.run.names import read_names
            from converters.run.session import first_engine, sessions

            pair = pair_of(net)
            refuse_missing((pair.prototxt, pair.caffemodel))
            paths = list(_pictures(pictures, ENDINGS))
            places = _places(out, paths, (*paths, pair.prototxt, pair.caffemodel))
            with working(f"reading {pair.prototxt}", quiet=quiet):
                model = read_model(pair.prototxt, pair.caffemodel)
                called = read_names(names, model.classes) if names is not None else ()
                ready = stack.enter_context(ahead(paths, partial(ready_picture, model)))
                chosen, lacking = (engine, "") if engine else first_engine()
                opened = sessions(chosen, model.files, model.wanted, len(paths))
        if not quiet:
            _say_left_out(pictures, OTHER_ENDINGS)
        if model.assumed and not quiet:
            say(f"assumed: {model.assumed}", err=True, lines=True)
        if lacking and not quiet:
            say(f"note: the net runs in the engine {chosen}, which is slow: {lacking}", err=True, lines=True)
        workers = [partial(_answered, model, one, threshold, top) for one in opened]
        answers = stack.enter_context(ahead(ready, *workers))
        count = stack.enter_context(counted("pictures", len(paths), quiet=quiet))
        for coming, place in zip(answers, places, strict=True):
            text, faults = _one(coming, place, called, json=json)
            if faults or json or not quiet:
                with count.aside():
                    _print(text, faults)
            failed += bool(faults)
            count.done()
    if failed:
        if len(paths) > 1:
            say(f"{failed} of {len(paths)} pictures could not be used", err=True)
        raise click.exceptions.Exit(CANNOT_CONVERT)


def _answered(model: Model, opened: Session, threshold: float | None, top: int, ready: Future[ReadyPicture]) -> Answer:
    from converters.run.answer import answered

    return answered(model, opened, ready.result(), threshold=threshold, top=top)


def _one(coming: Future[Answer], place: Path | None, names: Sequence[str], *, json: bool) -> tuple[str, Iterable[str]]:
    """What there is to print of a picture, and what is wrong where there is no answer; it is drawn before."""
    from caffe_ir.errors import ConversionError

    try:
        found = coming.result()
        if place is not None:
            _write(place, found, names)
    except ConversionError as error:
        return "", list(texts_of(error.problems))
    return as_json(found, names) if json else as_text(found, names, place), ()


def _print(text: str, faults: Iterable[str]) -> None:
    for fault in faults:
        say(fault, err=True, lines=True)
    if text:
        say_whole(text + "\n")


def _write(place: Path, found: Answer, names: Sequence[str]) -> None:
    from time import perf_counter

    from caffe_ir.errors import ConversionError
    from caffe_ir.files.whole_files import whole_files
    from caffe_ir.files.writable import cannot_write
    from converters.pictures.drawing import as_png

    begin = perf_counter()
    data = as_png(drawn(found, names), MARK)
    try:
        with whole_files(place, make_folders=True) as (file,):
            file.write(data)
    except OSError as error:
        raise ConversionError(cannot_write(place, error)) from error
    found.seconds["draw"] = perf_counter() - begin


def _pictures(given: Sequence[Path], endings: Sequence[str]) -> Iterator[Path]:
    """The files, and of folders the pictures in them, by name. Raises UsageError for a folder without any."""
    for path in given:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(one for one in path.iterdir() if one.suffix.lower() in endings and one.is_file())
        if not inside:
            raise click.UsageError(f"the folder {path} holds no picture ({', '.join(endings)})")
        yield from inside


def _say_left_out(given: Sequence[Path], endings: Sequence[str]) -> None:
    """Name the pictures of folders that are of kinds which are not read."""
    found = [one for path in given if path.is_dir() for one in sorted(path.iterdir()) if one.suffix.lower() in endings]
    if found:
        named = ", ".join(map(str, found[:3])) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
        say(f"note: pictures of these kinds are not read: {named}", err=True)


def _places(out: str | None, paths: Sequence[Path], read: Sequence[Path]) -> list[Path | None]:
    """Where each picture is drawn. Raises UsageError, and ConversionError for what must not be replaced."""
    from caffe_ir.errors import ConversionError, Problem
    from caffe_ir.files.replaceable import check_file

    if out is None:
        return [None] * len(paths)
    folder = Path(out)
    if len(paths) == 1 and not (folder.is_dir() or out.endswith(os.sep)):
        if folder.suffix.lower() != ".png":
            raise click.UsageError(f"--out {out}: pictures are written as .png; end it with {os.sep} for a folder")
        places = [folder]
    else:
        if folder.exists() and not folder.is_dir():
            raise click.UsageError(f"--out {out}: it is a file, and the pictures need a folder")
        if folder.suffix.lower() == ".png" and len(paths) > 1:
            raise click.UsageError(f"--out {out}: there are {len(paths)} pictures; name a folder")
        stems = [path.stem for path in paths]
        places = [folder / f"{path.stem if stems.count(path.stem) == 1 else path.name}.png" for path in paths]
        if twice := sorted({str(place) for place in places if places.count(place) > 1}):
            raise click.UsageError(f"several pictures would be written to {', '.join(twice)}; run them apart")
    problems: list[Problem] = []
    for place in places:
        try:
            check_file(place, MARK, inputs=read)
        except ConversionError as error:
            problems.extend(error.problems)
    if problems:
        raise ConversionError(*problems)
    return list(places)
