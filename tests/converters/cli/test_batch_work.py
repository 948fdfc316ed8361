"""One model in this process: what `convert batch` runs in each of its own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from converters.batch.job import Job, Result
from converters.cli.batch_work import convert_job, own_version, version_for
from tests.converters.caffe.files import CONV, INPUT, pair
from tests.converters.cli.given import converted, prototxt
from tests.converters.cli.zoo import make_zoo

FACTORY = """
import torch
def net(width=4):
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, width, 3), torch.nn.BatchNorm2d(width), torch.nn.ReLU()).eval()
"""


def darknet_job(folder: Path, **options: object) -> Job:
    make_zoo(folder, ["a"])
    files = {"cfg": str(folder / "a.cfg"), "weights": str(folder / "a.weights")}
    return Job(
        name="a",
        target="caffe",
        source="darknet",
        stem=folder / "out/a",
        folder=folder,
        options={**files, **options},
        files=("cfg", "weights"),
    )


def torch_job(folder: Path, **options: object) -> Job:
    (folder / "zoo.py").write_text(FACTORY)
    given = {"factory": f"{folder}/zoo.py:net", "input": "1x3x8x8", **options}
    return Job(name="t", target="caffe", source="pytorch", stem=folder / "out/t", folder=folder, options=given)


def caffe_job(folder: Path, target: str, text: str = INPUT + CONV, **options: object) -> Job:
    net, weights = pair(folder, text)
    given = {"prototxt": str(net), "caffemodel": str(weights), **options}
    files, stem = ("prototxt", "caffemodel"), folder / target / "net"
    return Job(name="net", target=target, source="caffe", stem=stem, folder=folder, options=given, files=files)


def do(job: Job) -> Result:
    return convert_job(job, lambda text: None)


def test_steps_name_what_is_at_work(tmp_path: Path) -> None:
    steps: list[str] = []
    result = convert_job(darknet_job(tmp_path), steps.append)
    assert result.problems == ()
    assert steps[:2] == ["reading", "converting"]
    assert steps[-1] == "writing 100%"


def test_a_darknet_model_is_known_again_until_its_tree_changes(tmp_path: Path) -> None:
    job = darknet_job(tmp_path / "cfg")
    cfg = Path(job.options["cfg"])
    cfg.write_text(cfg.read_text().partition("[yolo]")[0] + "[avgpool]\n[softmax]\n tree = data/x.tree\n")
    tree = tmp_path / "data/x.tree"
    tree.parent.mkdir()
    tree.write_text("".join(f"class{number} -1\n" for number in range(21)))
    first = do(job)
    assert first.problems == ()
    known = replace(job, known=first)
    assert do(known).state == "unchanged"
    tree.write_text(tree.read_text().replace("class20 -1", "class20 0"))
    assert do(known).state == "converted"


def test_a_verified_model_has_figures(tmp_path: Path) -> None:
    result = do(darknet_job(tmp_path, verify=True))
    assert result.problems == ()
    assert result.verify is not None
    assert result.verify["verdict"] == "agrees"
    assert result.verify["values"] == 2
    assert result.verify["remarks"] == []
    assert 0 < result.verify["worst"]["meaning, embedded"] < 1e-6
    drawn = all(importlib.util.find_spec(name) for name in ("jinja2", "matplotlib"))
    assert result.report == (str(tmp_path / "out/a.verify.html") if drawn else "")
    assert (tmp_path / "out/a.verify.html").exists() == drawn
    assert drawn or "is not installed" in result.warnings[-1]


def test_a_reference_that_is_left_out_is_told(tmp_path: Path) -> None:
    result = do(darknet_job(tmp_path, verify=True, dialect="alexeyab"))
    assert result.verify is not None
    assert result.verify["verdict"] == "agrees"
    assert result.verify["remarks"] == ["not compared with Darknet itself: the net is one of AlexeyAB's fork"]


def test_weights_in_hdf5_are_verified_too(tmp_path: Path) -> None:
    result = do(darknet_job(tmp_path, verify=True, hdf5=True))
    assert result.problems == ()
    assert result.verify is not None
    assert result.verify["verdict"] == "agrees"
    assert str(tmp_path / "out/a.caffemodel.h5") in result.files


def test_a_model_that_engines_lose_too_much_of_stays_inside(tmp_path: Path) -> None:
    result = do(darknet_job(tmp_path, verify=True, tolerance=1e-12))
    assert result.state == "failed"
    assert result.problems[0].startswith("TC1009 verify: differs\n    -> its files were not written; `verify = false`")
    assert [path.suffix for path in (tmp_path / "out").iterdir() if path.suffix != ".html"] == []


def test_a_factory_is_known_again_until_a_source_beside_it_changes(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    job = torch_job(tmp_path, arguments={"width": 6}, fold_bn=True)
    first = do(job)
    assert (first.state, first.problems) == ("converted", ())
    assert first.layers == 3
    assert "num_output: 6" in (tmp_path / "out/t.prototxt").read_text()
    known = replace(job, known=first)
    assert do(known).state == "unchanged"
    (tmp_path / "layers.py").write_text("x = 1")
    assert do(known).state == "converted"


def test_a_factory_of_a_package_is_known_by_all_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    package = tmp_path / "zoo_of_test/inner"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("")
    (package / "nets.py").write_text(FACTORY)
    monkeypatch.syspath_prepend(str(tmp_path))
    job = torch_job(tmp_path, factory="zoo_of_test.inner.nets:net")
    known = replace(job, known=do(job))
    assert do(known).state == "unchanged"
    (package.parent / "__init__.py").write_text("x = 1")
    assert do(known).state == "converted"


def test_what_the_factory_raises_is_the_models_failure(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    result = do(torch_job(tmp_path, arguments={"height": 3}))
    assert result.state == "failed"
    assert "has no argument height (it takes width)" in result.problems[0]


def test_the_version_names_torch_where_torch_reads_the_model(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    assert version_for(darknet_job(tmp_path)) == own_version()
    assert version_for(torch_job(tmp_path)).startswith(f"{own_version()} torch ")


def test_files_for_tools_are_written_beside(tmp_path: Path) -> None:
    result = do(darknet_job(tmp_path, side_files=["nnie", "opencv"]))
    assert result.problems == ()
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"a.nnie.cfg", "a.opencv.py"} <= made
    assert "./a.prototxt" in (tmp_path / "out/a.nnie.cfg").read_text()
    result = do(darknet_job(tmp_path))
    assert {path.name for path in (tmp_path / "out").iterdir()} == made - {"a.nnie.cfg", "a.opencv.py"}
    result = do(torch_job(tmp_path, side_files=["nnie"]))
    assert "it is not known how a picture becomes the input" in str(result.problems)


def test_an_approximation_of_a_manifest_is_made_and_said(tmp_path: Path) -> None:
    job = torch_job(tmp_path, approx=["gelu=tanh"])
    (tmp_path / "zoo.py").write_text(FACTORY.replace("torch.nn.ReLU()", "torch.nn.GELU()"))
    result = do(job)
    assert result.problems == ()
    assert any("1 GELU by tanh, each off by up to 4.74e-4" in warning for warning in result.warnings)
    assert "gelu=tanh" in (tmp_path / "out/t.prototxt").read_text().partition("name:")[0]


SWISH = 'layer { name: "swish" type: "Swish" bottom: "conv" top: "swish" }\n'


def test_a_caffe_net_becomes_one_for_each_target_and_is_verified(tmp_path: Path) -> None:
    """OpenCV has a Swish and runs the source; Caffe 1.0 has none."""
    types = {}
    for target in ("caffe", "opencv"):
        result = do(caffe_job(tmp_path, target, INPUT + CONV + SWISH, verify=True))
        assert result.problems == ()
        assert result.verify is not None
        assert result.verify["verdict"] == "agrees"
        assert {"meaning, embedded", "meaning, opencv"} <= result.verify["worst"].keys()
        types[target] = [layer.type for layer in prototxt(tmp_path / target / "net.prototxt").layer]
    assert "Swish" in types["opencv"]
    assert "Swish" not in types["caffe"]


def test_a_caffe_net_comes_with_what_its_pictures_go_through(tmp_path: Path) -> None:
    job = caffe_job(tmp_path, "caffe", verify=True, mean="104,117,123", scale="1", bgr=True)
    assert do(job).problems == ()
    described = json.loads((tmp_path / "caffe/net.input.json").read_text())
    assert (described["order"], described["mean"]) == ("BGR", [104, 117, 123])
    (tmp_path / "caffe/net.input.json").rename(tmp_path / "net.input.json")
    result = do(caffe_job(tmp_path, "mnn", input_is="u8-bgr", verify=True))
    assert result.problems == ()
    assert json.loads((tmp_path / "mnn/net.input.json").read_text())["mean"] == 0


def test_a_caffe_net_that_its_target_reads_is_left_as_it_is(tmp_path: Path) -> None:
    result = do(caffe_job(tmp_path, "caffe"))
    assert result.problems == ()
    assert do(replace(caffe_job(tmp_path, "caffe"), known=result)).state == "unchanged"
    assert [layer.name for layer in prototxt(tmp_path / "caffe/net.prototxt").layer] == ["data", "conv"]


def test_a_folder_of_caffe_nets_is_converted(tmp_path: Path) -> None:
    pair(tmp_path, INPUT + CONV + SWISH)
    converted("batch", tmp_path, "--jobs", 1)
    assert (tmp_path / "caffe/net.prototxt").is_file()
    converted(
        "verify", tmp_path / "net.prototxt", tmp_path / "net.caffemodel", tmp_path / "caffe/net", "--engine", "embedded"
    )
