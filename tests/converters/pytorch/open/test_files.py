"""Files of PyTorch: each kind is told by what is inside, opened, or refused with what to do."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.open.files import kind_of, open_model
from tests.converters.pytorch.judge import agreement, images, layers
from tests.converters.pytorch.nets import Block, ResNet

X = images(1, 3, 33, 33)


def write_script(path):
    torch.jit.save(torch.jit.trace(ResNet().eval(), (X,)), str(path))


def write_program(path):
    torch.export.save(torch.export.export(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval(), (X,)), path)


WRITERS = {
    "exported program": write_program,
    "TorchScript": write_script,
    "pickle": lambda path: torch.save(ResNet().state_dict(), path),
    "safetensors": lambda path: save_file(ResNet().state_dict(), path),
    "unknown": lambda path: path.write_bytes(b"layer { name: 1 }" * 4),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", WRITERS)
def test_kinds_are_told_whatever_the_file_is_called(kind, tmp_path):
    path = tmp_path / "model.pt2"
    WRITERS[kind](path)
    assert kind_of(path) == kind


def test_the_old_pickle_is_known(tmp_path):
    torch.save(ResNet().state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert kind_of(tmp_path / "old.pth") == "pickle"


def test_a_program_of_torch_export(tmp_path):
    write_program(tmp_path / "net.pt2")
    net = convert(open_model(tmp_path / "net.pt2"))
    assert layers(net) == ["Convolution", "ReLU"]
    assert [node.name for node in net.nodes[1:]] == ["0", "1"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_file(tmp_path):
    torch.manual_seed(0)
    module, x = Block(4, 4).eval(), images(1, 4, 6, 6)
    torch.jit.save(torch.jit.trace(module, (x,)), str(tmp_path / "net.pt"))
    net = convert(open_model(tmp_path / "net.pt"), (x,))
    with torch.no_grad():
        assert agreement(net, [module(x)], (x,)) < 1e-5


def test_a_pickled_module_is_opened_only_when_trusted(tmp_path):
    path = tmp_path / "net.pth"
    torch.save(nn.Sequential(nn.Linear(2, 3)), path)
    with pytest.raises(ConversionError, match="--trust-pickle opens it"):
        open_model(path)
    assert layers(convert(open_model(path, trust_pickle=True).eval(), (images(1, 2),))) == ["InnerProduct"]  # type: ignore[union-attr]


def test_a_checkpoint_with_a_model_inside(tmp_path):
    path = tmp_path / "net.pt"
    torch.save({"epoch": 1, "model": nn.Linear(2, 3), "ema": None}, path)
    assert isinstance(open_model(path, trust_pickle=True), nn.Linear)
    torch.save({"model": nn.Linear(2, 3), "ema": nn.Linear(2, 3)}, path)
    with pytest.raises(ConversionError, match="holds 2 models: model, ema"):
        open_model(path, trust_pickle=True)


@pytest.mark.parametrize("kind", ["pickle", "safetensors"])
def test_weights_alone_are_no_model_and_the_message_says_what_is_missing(kind, tmp_path):
    path = tmp_path / "net.pth"
    WRITERS[kind](path)
    with pytest.raises(ConversionError, match="holds weights alone") as refused:
        open_model(path)
    assert f"--weights {path}" in str(refused.value)


def test_a_program_that_this_torch_cannot_read(tmp_path):
    write_program(tmp_path / "net.pt2")
    with zipfile.ZipFile(tmp_path / "net.pt2") as own, zipfile.ZipFile(tmp_path / "new.pt2", "w") as new:
        for name in own.namelist():
            new.writestr(name, own.read(name).replace(b'"schema_version"', b'"schema_versioX"'))
    with pytest.raises(ConversionError, match=f"torch {torch.__version__.split('+')[0]}.* cannot open"):
        open_model(tmp_path / "new.pt2")


@pytest.mark.parametrize("kind", ["exported program", "pickle"])
def test_a_file_with_wrong_bytes_inside(kind, tmp_path):
    """The checksums of the archive tell it from a file of another version, and from one with foreign objects."""
    WRITERS[kind](tmp_path / "net")
    with zipfile.ZipFile(tmp_path / "net") as archive:
        (entry,) = [one for one in archive.infolist() if one.filename.endswith(("model.json", "data.pkl"))]
    data = bytearray((tmp_path / "net").read_bytes())
    begin = data.index(b"PK", entry.header_offset) + 30 + len(entry.filename) + entry.file_size // 2
    data[begin : begin + 99] = bytes(99)
    (tmp_path / "net").write_bytes(data)
    with pytest.raises(ConversionError, match="is damaged or cut short"):
        open_model(tmp_path / "net")


@pytest.mark.parametrize("kind", ["pickle", "exported program"])
def test_files_cut_short(kind, tmp_path):
    path = tmp_path / "net"
    WRITERS[kind](path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ConversionError, match="not a file of PyTorch"):
        open_model(path)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(ConversionError, match=r"cannot read .*nothing\.pt2 \(No such file or directory\)"):
        open_model(tmp_path / "nothing.pt2")


def test_an_archive_with_any_byte_changed_has_a_kind_or_is_refused(tmp_path):
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("net/data.pkl", b"\x80\x02}.")
        made.writestr("net/v\u00e4rsion", b"3")
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bits in (0xFF, 0x80, 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
            try:
                kind_of(path)
            except ConversionError as error:
                assert str(path) in str(error)


def test_a_model_lies_in_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt2")
    for path in (tmp_path / "pipe.pt2", Path("/dev/zero")):
        with pytest.raises(ConversionError, match="a pipe or a device"):
            open_model(path)
