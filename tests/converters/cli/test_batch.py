"""`convert batch` from its command line to the files: what is written, what is told, and how it goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from converters.cli.darknet import darknet
from tests.converters.cli.zoo import ROOT, call, contents, make_zoo, start
from tests.oracles import darknet as oracle
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink


def summary(folder: Path) -> dict[str, str]:
    """The state of each model."""
    told = json.loads((folder / "summary.json").read_text())
    return {model["name"]: model["state"] for model in told["models"]}


def test_the_files_are_those_of_convert_darknet(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path / "zoo")
    result = call(manifest, "-j", 2)
    assert result.exit_code == 0, result.output
    assert "3 of 3 converted\n" in result.stdout
    (tmp_path / "alone").mkdir()
    for name in "abc":
        files = [str(tmp_path / f"zoo/{name}.{suffix}") for suffix in ("cfg", "weights")]
        alone = CliRunner().invoke(darknet, [*files, "-q", "-o", str(tmp_path / "alone" / name)])
        assert alone.exit_code == 0, alone.output
    assert contents(tmp_path / "zoo/out") == contents(tmp_path / "alone")


def test_options_reach_the_conversion(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path, ["a"])
    manifest.write_text(manifest.read_text() + 'fold_bn = true\ninput_size = "32x64"\nbatch = 2\nhead = "activated"\n')
    assert call(manifest).exit_code == 0
    options = ["--fold-bn", "--input-size", "32x64", "--batch", "2", "--head", "activated"]
    (tmp_path / "alone").mkdir()
    files = [str(tmp_path / "a.cfg"), str(tmp_path / "a.weights")]
    CliRunner().invoke(darknet, [*files, "-q", "-o", str(tmp_path / "alone/a"), *options], catch_exceptions=False)
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def test_a_header_of_another_length_and_a_cut_reach_the_conversion_and_its_check(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path, ["a"])
    weights = tmp_path / "a.weights"
    weights.write_bytes(weights.read_bytes()[20:])
    manifest.write_text(manifest.read_text() + 'header_bytes = 0\nbn = "outside:1e-6"\nuntil = 0\nverify = true\n')
    result = call(manifest)
    assert result.exit_code == 0, result.output
    (model,) = json.loads((tmp_path / "summary.json").read_text())["models"]
    assert model["verify"]["verdict"] == "agrees"
    assert model["verify"]["values"] == 1
    assert "meaning, darknet" in model["verify"]["worst"]


def test_what_has_not_changed_is_not_converted_again(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path)
    call(manifest)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert call(manifest).exit_code == 0
    assert summary(tmp_path) == {"a": "unchanged", "b": "unchanged", "c": "unchanged"}
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before

    write_weights(tmp_path / "a.cfg", tmp_path / "a.weights", seed=77)
    (tmp_path / "out/b.caffemodel").unlink()
    call(manifest)
    assert summary(tmp_path) == {"a": "converted", "b": "converted", "c": "unchanged"}
    call(manifest, "--force")
    assert summary(tmp_path) == {"a": "converted", "b": "converted", "c": "converted"}
    manifest.write_text(manifest.read_text() + "fold_bn = true\n")
    call(manifest)
    assert summary(tmp_path) == {"a": "unchanged", "b": "unchanged", "c": "converted"}


def test_one_model_that_fails_harms_no_other(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path)
    os.truncate(tmp_path / "b.weights", 100)
    report = tmp_path / "pages/zoo.html"
    result = call(manifest, "--report", report, "--summary", tmp_path / "told.json")
    assert result.exit_code == 1
    models = json.loads((tmp_path / "told.json").read_text())["models"]
    assert [model["state"] for model in models] == ["converted", "failed", "converted"]
    assert "b.cfg" in models[1]["problems"][0] or "b.weights" in models[1]["problems"][0]
    assert models[1]["problems"][0] in result.stdout
    assert not list((tmp_path / "out").glob("b.*"))
    assert "failed" in report.read_text()
    assert {"a", "c"} == {path.stem for path in (tmp_path / "out").glob("*.prototxt")}


def test_a_bad_manifest_is_told_whole_before_anything_runs(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path)
    text = manifest.read_text().replace('cfg = "b.cfg"', 'cfg = "none.cfg"').replace("[c]", '[c]\ntarget = "tf"')
    manifest.write_text(text + "fold = true\n")
    result = call(manifest)
    assert result.exit_code == 2
    assert f"{manifest} cannot be converted: 3 problems" in result.stderr
    for told in (":10: [b] cfg: cannot find", ":14: [c] target: there is no target tf", ":17: [c] unknown key fold"):
        assert f"{manifest}{told}" in result.stderr
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "zoo.state.jsonl").exists()


def test_init_writes_a_manifest_that_converts_the_folder(tmp_path: Path) -> None:
    make_zoo(tmp_path).unlink()
    text = call("--init", tmp_path).stdout
    (tmp_path / "first.toml").write_text(text)
    assert call(tmp_path / "first.toml", "--no-verify").exit_code == 0
    made = contents(tmp_path / "caffe")
    assert {Path(name).name for name in made} >= {"a.prototxt", "b.caffemodel", "c.heads.json"}

    other = tmp_path / "other"
    make_zoo(other).unlink()
    assert call(other, "--no-verify").exit_code == 0
    assert contents(other / "caffe") == made


def test_patterns_are_relative_to_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_zoo(tmp_path / "zoo")
    monkeypatch.chdir(tmp_path)
    assert call("zoo/a.*", "zoo/b.cfg", "zoo/b.weights", "--no-verify").exit_code == 0
    assert sorted(contents(tmp_path / "caffe/zoo"))[::4] == ["a.caffemodel", "b.caffemodel"]
    assert call("zoo/none.*").exit_code == 2
    assert call(tmp_path / "none.toml").exit_code == 2


def test_a_time_out_is_each_models_own(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path)
    result = call(manifest, "--timeout", "0.001")
    assert result.exit_code == 1
    assert "stopped after 0.001 s" in result.stdout
    assert call(manifest, "--timeout", "60").exit_code == 0


def test_quiet_prints_what_fails_and_nothing_else(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path)
    result = call(manifest, "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    os.truncate(tmp_path / "b.weights", 100)
    result = call(manifest, "-q")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("b@caffe: failed\n  ")
    assert "b.weights ends within the weights of conv_0" in result.stderr
    assert "a@caffe" not in result.stderr


def lonely_zoo(folder: Path) -> None:
    """A folder with three models and three files of none."""
    make_zoo(folder).unlink()
    (folder / "lonely.cfg").write_text("[net]\n")
    (folder / "stray.weights").write_bytes(b"x")
    (folder / "resnet.pth").write_bytes(b"x")


LEFT = ["lonely.cfg", "resnet.pth", "stray.weights"]


def test_what_a_folder_holds_and_no_model_takes_is_listed_and_counted(tmp_path: Path) -> None:
    lonely_zoo(tmp_path)
    result = call(tmp_path, "--no-verify", "--report", tmp_path / "r.html", "--junit", tmp_path / "j.xml")
    assert result.exit_code == 0
    assert [line.partition(" is not paired: ")[0] for line in result.stderr.splitlines()][:3] == LEFT
    assert "3 of 6 converted, 3 not paired" in result.stdout
    told = json.loads((tmp_path / "summary.json").read_text())
    assert (told["unpaired"], [one["path"] for one in told["files_of_no_model"]]) == (3, LEFT)
    assert all(name in (tmp_path / "r.html").read_text() for name in LEFT)
    assert 'tests="6" failures="0" errors="0" skipped="3"' in (tmp_path / "j.xml").read_text()


def test_a_strict_batch_fails_for_them(tmp_path: Path) -> None:
    lonely_zoo(tmp_path)
    result = call(tmp_path, "--no-verify", "--strict", "-q", "--junit", tmp_path / "j.xml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.partition(" is not paired: ")[0] for line in result.stderr.splitlines()] == LEFT
    assert 'failures="3" errors="0" skipped="0"' in (tmp_path / "j.xml").read_text()
    for name in LEFT:
        (tmp_path / name).unlink()
    assert call(tmp_path, "--no-verify", "--strict", "-q").exit_code == 0


def test_a_first_manifest_is_told_with_what_it_leaves_out(tmp_path: Path) -> None:
    lonely_zoo(tmp_path)
    result = call("--init", tmp_path)
    assert result.exit_code == 0
    assert [line.partition(" is not paired: ")[0] for line in result.stderr.splitlines()] == LEFT
    assert call("--init", "--strict", tmp_path).exit_code == 1


def test_models_are_verified_unless_the_manifest_or_the_command_says_no(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path, ["a"], head="")
    assert call(manifest, "-q").exit_code == 0
    (model,) = json.loads((tmp_path / "summary.json").read_text())["models"]
    assert (model["state"], model["verify"]["verdict"]) == ("converted", "agrees")
    assert call(manifest, "-q", "--no-verify").exit_code == 0
    (model,) = json.loads((tmp_path / "summary.json").read_text())["models"]
    assert (model["state"], model["verify"]) == ("converted", None)
    manifest.write_text(manifest.read_text() + "verify = false\n")
    call(manifest, "-q")
    assert summary(tmp_path) == {"a": "unchanged"}
    manifest.write_text(manifest.read_text().replace("verify = false", "verify = true"))
    call(manifest, "-q")
    assert summary(tmp_path) == {"a": "converted"}


def test_a_net_that_is_not_its_source_stays_inside_by_default(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path, ["a"], head="tolerance = 1e-12")
    result = call(manifest, "-q")
    assert result.exit_code == 1
    assert "verify: differs" in result.stderr
    assert "`verify = false` in its table writes them anyway" in result.stderr
    assert not (tmp_path / "out/a.prototxt").exists()


def test_a_manifest_from_elsewhere_writes_below_its_folder_alone(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path / "zoo", ["a"], head="verify = false")
    text = manifest.read_text()
    (tmp_path / "zoo/away").symlink_to(tmp_path)
    for output in ("../{name}", "away/{name}", "x/../../{name}"):
        manifest.write_text(text.replace("out/{name}", output))
        result = call(manifest)
        assert result.exit_code == 2
        assert "zoo.toml:5: [a] output: " in result.stderr
        assert 'write the folder as an absolute path if it is meant: output = "/folder/{name}"' in result.stderr
    manifest.write_text(text)
    (tmp_path / "zoo/summary.json").symlink_to("../elsewhere.json")
    assert "summary.json is a link out of the manifest's folder" in call(manifest).stderr
    assert not list(tmp_path.glob("*.*"))
    manifest.write_text(text.replace("out/{name}", f"{tmp_path}/{{name}}"))
    assert call(manifest, "--summary", tmp_path / "elsewhere.json").exit_code == 0
    assert (tmp_path / "a.prototxt").exists()


def test_the_keys_are_explained(tmp_path: Path) -> None:
    result = call("--keys")
    assert result.exit_code == 0
    assert "Engine that the files are written for" in result.stdout
    assert call(tmp_path / "none.toml", "--keys").exit_code == 0


def test_lines_are_plain_where_nobody_watches(tmp_path: Path) -> None:
    told = call(make_zoo(tmp_path), "-j", 1).stderr.splitlines()
    assert [line.partition("]")[0] for line in told] == ["[1/3", "[2/3", "[3/3"]
    assert all("converted, 8 layers" in line or "layers" in line for line in told)
    assert "\x1b" not in "".join(told)


def kill_often(manifest: Path, out: Path, *, kills: int, models: int) -> int:
    """Start the batch and kill it at a random moment, so often; how many of the runs were not over yet."""
    draw, hit = random.Random(6), 0
    for _ in range(kills):
        wanted = len(list(out.glob("*.prototxt"))) + draw.randrange(models // kills)
        process = start(manifest, "-q", "--no-verify", "-j", 2)
        while process.poll() is None and len(list(out.glob("*.prototxt"))) < wanted:
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.05))
        hit += process.poll() is None
        process.kill()
        process.wait()
    return hit


def test_killing_it_at_random_moments_changes_nothing(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(40)]
    undisturbed = make_zoo(tmp_path / "one", names, filters=32)
    assert call(undisturbed, "-q").exit_code == 0
    manifest = make_zoo(tmp_path / "two", names, filters=32)
    assert kill_often(manifest, tmp_path / "two/out", kills=4, models=40) >= 2
    assert call(manifest, "-q").exit_code == 0
    assert contents(tmp_path / "two/out") == contents(tmp_path / "one/out")


def test_an_interruption_ends_it_at_once_and_the_next_call_goes_on(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(40)]
    manifest = make_zoo(tmp_path, names, filters=32)
    process = start(manifest, "-j", 2)
    while process.poll() is None and len(list((tmp_path / "out").glob("*.prototxt"))) < 5:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 1
    assert not (tmp_path / "summary.json").exists()
    assert not list((tmp_path / "out").glob(".*"))
    assert call(manifest, "-q").exit_code == 0
    states = list(summary(tmp_path).values())
    assert "unchanged" in states
    assert set(states) <= {"unchanged", "converted"}


@pytest.mark.slow
@oracle.needs_darknet
def test_the_darknet_zoo_survives_ten_kills(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    for cfg in oracle.static_cfgs():
        small = tmp_path / "one" / cfg.name
        small.write_text(shrink(cfg.read_text()))
        write_weights(small, small.with_suffix(".weights"), seed=0)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert call(tmp_path / "one", "-q", "--no-verify").exit_code == 0
    assert kill_often(tmp_path / "two", tmp_path / "two/caffe", kills=10, models=42) >= 5
    assert call(tmp_path / "two", "-q", "--no-verify").exit_code == 0
    made = contents(tmp_path / "two/caffe")
    assert made == contents(tmp_path / "one/caffe")
    assert len([name for name in made if name.endswith(".caffemodel")]) == 42


def peak_memory(pid: int) -> int:
    """The most bytes that a process held since it began to run its program: getrusage counts its parent's before."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0  # it has just ended
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


@pytest.mark.slow
def test_ten_thousand_models_cost_little_memory_and_no_more_each_at_the_end(tmp_path: Path) -> None:
    manifest = make_zoo(tmp_path, ["a"])
    count = 10_000
    tables = (f'[m{number}]\ncfg = "a.cfg"\nweights = "a.weights"\n' for number in range(count))
    manifest.write_text('[defaults]\noutput = "out/{name}"\nverify = false\n' + "".join(tables))
    process = start(manifest, "-q", "-j", 2)
    most = 0
    while process.poll() is None:
        most = max(most, peak_memory(process.pid))
        time.sleep(0.2)
    assert process.returncode == 0
    assert 10e6 < most < 300e6
    times = sorted(path.stat().st_mtime for path in (tmp_path / "out").glob("*.prototxt"))
    assert len(times) == count
    fifth = count // 5
    first, last = times[fifth] - times[0], times[-1] - times[-1 - fifth]
    assert last < 1.5 * first


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_dask_cluster_writes_the_same_bytes(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    names = [f"m{number}" for number in range(12)]
    assert call(make_zoo(tmp_path / "one", names), "-q").exit_code == 0
    manifest = make_zoo(tmp_path / "two", names)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        result = call(manifest, "--scheduler", cluster.scheduler_address)
    assert result.exit_code == 0, result.output
    assert contents(tmp_path / "two/out") == contents(tmp_path / "one/out")


def test_help_and_a_bad_manifest_load_no_numpy(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[a]\n")
    program = (
        "import sys; from converters.cli.batch import batch\n"
        "try: batch(sys.argv[1:])\n"
        "except SystemExit: print(sorted({'numpy', 'torch', 'google.protobuf'} & sys.modules.keys()))"
    )
    for argument in ("--help", str(tmp_path / "bad.toml")):
        run = subprocess.run(
            [sys.executable, "-c", program, argument], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert run.stdout.endswith("[]\n"), run.stdout
