from __future__ import annotations

from pathlib import Path

from converters.batch.manifest import manifest_of
from converters.batch.options import OPTIONS
from converters.batch.reference import EXAMPLE, sections


def test_every_key_that_is_read_is_explained_once() -> None:
    shown = [key.name for _, keys in sections() for key in keys]
    assert sorted(shown) == sorted(OPTIONS)


def test_what_is_declared_of_a_key_is_told() -> None:
    told = {key.name: str(key) for _, keys in sections() for key in keys}
    for key, one in OPTIONS.items():
        assert told[key].startswith(one.option.help)
        assert ("not under [defaults]" in told[key]) == one.option.own
        for title, source in (("Darknet only", "darknet"), ("; PyTorch only", "pytorch"), ("; Caffe only", "caffe")):
            assert (title in told[key]) == (one.option.sources == (source,))
        assert all(str(choice) in told[key] for choice in one.choices)
    assert "; PyTorch and Caffe only" in told["input"]
    assert told["verify"].endswith("[true or false; default: true]")
    assert told["batch"].endswith("[a whole number of at least 1; default: 1; Darknet only]")
    assert told["head"].endswith('["raw" or "activated"; default: "raw"; Darknet only]')
    assert told["bn"].endswith('"alexeyab" or FORM; default: "auto"; Darknet only]')


def test_the_example_is_a_manifest(tmp_path: Path) -> None:
    for name in (
        "yolov3.cfg",
        "yolov3.weights",
        "nets.py",
        "resnet.pth",
        "shufflenet.prototxt",
        "shufflenet.caffemodel",
    ):
        (tmp_path / name).touch()
    manifest = manifest_of(EXAMPLE, tmp_path, ("caffe", "ncnn", "mnn"), file="")
    jobs = [(job.name, job.target) for job in manifest.jobs]
    assert jobs == [("yolov3", "caffe"), ("resnet", "caffe"), ("shufflenet", "ncnn"), ("shufflenet", "mnn")]
