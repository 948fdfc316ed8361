"""One model of a batch, from its files to Caffe's: what `convert batch` runs in its processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict, replace

from caffe_ir.error_kinds.running import NETS_DIFFER
from caffe_ir.errors import ConversionError
from caffe_ir.extras import require
from caffe_ir.files.file_names import PROTOTXT, weights_beside
from converters.batch.fingerprint import converter_version
from converters.batch.job import Job, Result, Source
from converters.batch.work import Made, Tell, Trade, done
from converters.batch.worker import serve
from converters.cli.engines_shown import engine_results
from converters.cli.files import for_tools, lowered
from converters.cli.origins import caffe_origins, darknet_origins, torch_origins
from converters.cli.output_meaning import heads_file
from converters.cli.picture_input import caffe_input_file, input_file, know_caffe_pictures
from converters.cli.sources import darknet_model, torch_opened
from converters.options import (
    CaffeOptions,
    CaffeSourceOptions,
    DarknetOptions,
    OutputOptions,
    PyTorchOptions,
    filled,
)

if TYPE_CHECKING:
    from caffe_ir.files.header import Origins
    from caffe_ir.net import Net
    from converters.cli.files import Rewrite
    from converters.verify import Comparison

    Opened = tuple[Net, Callable[[Net], Mapping[str, str]], Origins]
    """A net as its source means it, the further texts that belong to the net it becomes, and what that is made of."""
    Reader = Callable[[Job], Opened]

_UNVERIFIED = "its files were not written; `verify = false` in its table writes them anyway"
_ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    """Serve a batch: do the jobs that come in."""
    serve(convert_job)


def convert_job(job: Job, tell: Tell) -> Result:
    """Convert one model, or find that it is converted already."""
    return done(job, Trade(convert=_convert, inputs=_further_inputs, version=version_for), tell)


def version_for(job: Job) -> str:
    """Which converter this is: ourselves, and torch where it reads the model. Raises NotInstalledError."""
    if job.source != "pytorch":
        return own_version()
    require("a PyTorch model", "torch", "safetensors")
    return f"{own_version()} torch {metadata.version('torch')}"


@cache
def own_version() -> str:
    """What changes when the program does: a model converted by another version is converted again."""
    return converter_version(_ROOT / "caffe_ir", _ROOT / "converters")


def _convert(job: Job, stage: Path, tell: Tell) -> Made:
    from caffe_ir.files.writer import write
    from caffe_ir.targets import TARGETS

    target = TARGETS[job.target]
    tell("converting")
    net, others, origins = _READERS[job.source](job)
    made = lowered(net, _lowering(job), rewrite=_rewrite(job))
    beside = others(made)
    beside = {**beside, **for_tools(made, stage.name, target.name, beside, filled(OutputOptions, job.options))}
    written = 0

    def progress(count: int, total: int) -> None:
        nonlocal written
        written += count
        tell(f"writing {written * 100 // max(total, 1)}%")

    write(
        made, stage, target, hdf5=job.options.get("hdf5", False), others=beside, origins=origins,
        durable=job.options.get("durable", False),
        progress=progress,
    )  # fmt: skip
    warnings = tuple(str(note) for note in made.notes if note.kind == "warning")
    verified = _verified(job, stage, tell) if job.options.get("verify") else Made()
    engines = engine_results(made, target)
    return replace(verified, layers=len(made.nodes), warnings=(*warnings, *verified.warnings), engines=engines)


def _darknet(job: Job) -> Opened:
    from converters.darknet import files_beside

    cfg, weights, read = job.options["cfg"], job.options["weights"], filled(DarknetOptions, job.options)
    model = darknet_model(cfg, weights, read)
    origins = darknet_origins(cfg, weights, read, _lowering(job))
    return model.net, lambda made: files_beside(model, made), origins


def _pytorch(job: Job) -> Opened:
    found = torch_opened(_model(job), filled(PyTorchOptions, job.options))
    read, module = found.read, found.module
    origins = torch_origins(_model(job), read, _lowering(job))
    return found.net, lambda made: {**input_file(made, read), **heads_file(made, read, module)}, origins


def _caffe(job: Job) -> Opened:
    from converters.caffe import convert

    prototxt, caffemodel = Path(job.options["prototxt"]), job.options["caffemodel"]
    read = filled(CaffeSourceOptions, job.options)
    origins = caffe_origins(prototxt, caffemodel, read, _lowering(job))
    net = convert(prototxt, caffemodel, input=read.input)
    know_caffe_pictures(net, prototxt, read)
    return net, lambda made: caffe_input_file(made, prototxt, read), origins


_READERS: dict[Source, Reader] = {"darknet": _darknet, "pytorch": _pytorch, "caffe": _caffe}
_READ: dict[Source, type[Struct]] = {
    "darknet": DarknetOptions,
    "pytorch": PyTorchOptions,
    "caffe": CaffeSourceOptions,
}


def _rewrite(job: Job) -> Rewrite | None:
    """How a net becomes one for its target, if not as usual: one that exists already stays as it is where it can."""
    if job.source != "caffe":
        return None
    from converters.caffe import retarget

    return retarget


def _lowering(job: Job) -> CaffeOptions:
    return filled(CaffeOptions, {**job.options, "target": job.target})


def _model(job: Job) -> str:
    return str(job.options.get("model") or job.options["factory"])


def _verified(job: Job, stage: Path, tell: Tell) -> Made:
    """What `convert verify` says of the files, with its report beside them where one can be made."""
    from converters.cli.verify_opened import Asked, Pair
    from converters.cli.verify_source import opened
    from converters.cli.verify_work import engines_wanted
    from converters.verify import caffe_files, verify

    given, pair = job.options, Pair(prototxt=_beside(stage, PROTOTXT), caffemodel=weights_beside(str(stage)))
    source = opened(
        _named(job),
        pair,
        Asked(read=asdict(filled(_READ[job.source], given)), caffe=asdict(_lowering(job))),
    )
    files = caffe_files(pair.prototxt, pair.caffemodel)
    found = verify(
        source.source,
        files,
        engines=engines_wanted(()),
        asked=("embedded",),
        tolerance=given.get("tolerance"),
        progress=lambda trial, value, number, count: tell(f"verifying {number}/{count}"),
    )
    return _verdict(replace(found, caffe=str(_beside(job.stem, PROTOTXT))), source.remarks, stage)


def _named(job: Job) -> tuple[str, ...]:
    """The files of a model as `convert verify` takes them."""
    given = job.options
    if job.source == "darknet":
        return (given["cfg"], given["weights"])
    return (given["prototxt"], given["caffemodel"]) if job.source == "caffe" else (_model(job),)


def _verdict(found: Comparison, remarks: tuple[str, ...], stage: Path) -> Made:
    from converters.verify.report import write_report

    worst = {
        f"{trial.kind}, {trial.name}": trial.worst[0].relative if trial.worst else None
        for trial in found.trials
        if not trial.stopped
    }
    verified = {"verdict": found.verdict, "values": len(found.values), "worst": worst, "remarks": list(remarks)}
    differs = NETS_DIFFER.mark(f"verify: {found.verdict}\n    -> {_UNVERIFIED}")
    refused = () if found.verdict == "agrees" else (differs, *map(str, found.faults))
    report = _beside(stage, ".verify.html")
    try:
        write_report(found, report, remarks=remarks)
    except ConversionError as error:  # the comparison stands without it
        return Made(verify=verified, refused=refused, warnings=tuple(map(str, error.problems)))
    return Made(verify=verified, refused=refused, report=report.name)


def _beside(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def _further_inputs(job: Job) -> Iterator[Path]:
    """The files that a model is made of besides those that its options name."""
    if job.source == "darknet":
        yield from _trees(Path(job.options["cfg"]))
    elif "factory" in job.options:
        yield from _sources(job.options["factory"].rpartition(":")[0])


def _trees(cfg: Path) -> Iterator[Path]:
    """The trees of classes that a cfg names, wherever the Darknet front end may find them."""
    for line in cfg.read_bytes().splitlines():
        key, equals, value = b"".join(line.split()).partition(b"=")
        if equals and key == b"tree":
            name = value.decode("utf-8", "surrogateescape")
            places = (folder / name for folder in (Path(), cfg.parent, cfg.parent.parent))
            yield from (path for path in places if path.is_file())


def _sources(holder: str) -> Iterator[Path]:
    """The Python files that may decide what a factory returns: those of its package, or those beside its file.

    What they import from elsewhere is not seen.
    """
    if holder.endswith(".py"):
        yield from sorted(Path(holder).parent.glob("*.py"))
        return
    spec = PathFinder.find_spec(holder.partition(".")[0])
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        yield Path(spec.origin or "")
        return
    for place in spec.submodule_search_locations:
        yield from sorted(Path(place).rglob("*.py"))


if __name__ == "__main__":
    main()
