"""Four usual inputs, from the options that users type: what each tool computes, and the formulas that people write.

Nothing here is prepared by the program: the expected values are of the pixels, in float64.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from converters.pictures.described import described
from converters.pictures.description import InputDescription, description_text
from converters.side_files import side_files
from converters.side_files.subject import Subject
from tests.converters.side_files.test_acuity import port
from tests.converters.side_files.test_ascend import settings as aipp_settings
from tests.converters.side_files.test_nnie import settings as nnie_settings
from tests.converters.side_files.test_opencv import program
from tests.converters.side_files.test_rknn import asked
from tests.converters.side_files.test_tpu_mlir import words

Numbers = np.ndarray


def channels(*numbers: float) -> Numbers:
    return np.reshape(numbers, (3, 1, 1))


SIZE = (24, 36)
INPUTS: Mapping[str, tuple[InputDescription, Callable[[Numbers], Numbers]]] = {
    "Darknet": (InputDescription(size=SIZE, order="RGB", fit="letterbox"), lambda rgb: rgb / 255),
    "torchvision": (
        described(SIZE, 3, mean="0.485,0.456,0.406", std="0.229,0.224,0.225", resize="256", crop="24x36"),
        lambda rgb: (rgb / 255 - channels(0.485, 0.456, 0.406)) / channels(0.229, 0.224, 0.225),
    ),
    "Caffe": (
        described(SIZE, 3, mean="104,117,123", scale="1", bgr=True),
        lambda rgb: rgb[::-1] - channels(104, 117, 123),
    ),
    "grey": (described(SIZE, 1, mean="0.1307", std="0.3081"), lambda grey: (grey / 255 - 0.1307) / 0.3081),
}  # fmt: skip
"""Pixels (C, H, W), red first, as the input (C, H, W)."""


def by_ascend(files: Mapping[str, str], pixels: Numbers) -> Numbers:
    """rbuv_swap_switch exchanges the first channel and the third, then (in - mean_chn - min_chn) * var_reci_chn."""
    aipp = aipp_settings(files[".aipp.cfg"])
    fed = pixels[::-1] if aipp.get("rbuv_swap_switch") == "true" else pixels
    mean, least, factor = (
        np.array([float(aipp[f"{key}_chn_{place}"]) for place in range(len(fed))])[:, None, None]
        for key in ("mean", "min", "var_reci")
    )
    return (fed - mean - least) * factor


def by_nnie(files: Mapping[str, str], pixels: Numbers) -> Numbers:
    """The planes come in RGB_order; norm_type says what of the mean's file and of data_scale counts."""
    cfg = nnie_settings(files[".nnie.cfg"])
    fed = pixels[::-1] if cfg.get("RGB_order") == "BGR" else pixels
    means = [float(line) for line in files[".nnie.mean.txt"].splitlines()] if cfg["norm_type"] in "25" else [0.0]
    return (fed - np.reshape(means, (-1, 1, 1))) * (float(cfg["data_scale"]) if cfg["norm_type"] in "35" else 1)


def by_acuity(files: Mapping[str, str], pixels: Numbers) -> Numbers:
    """reverse_channel comes first."""
    how = port(files["_inputmeta.yml"])["preprocess"]
    fed = pixels[::-1] if how["reverse_channel"] else pixels
    return (fed - np.reshape(how["mean"], (-1, 1, 1))) * how["scale"]


def by_tpu_mlir(files: Mapping[str, str], pixels: Numbers) -> Numbers:
    """The channels come in the order of pixel_format; of grey the first number counts."""
    given = words(files[".tpu-mlir.sh"])
    fed = pixels[::-1] if given.pixel_format == "bgr" else pixels
    mean, scale = (np.array(text.split(","), float)[: len(fed), None, None] for text in (given.mean, given.scale))
    return (fed - mean) * scale


def by_ncnn(files: Mapping[str, str], pixels: Numbers) -> Numbers:
    """from_pixels takes blue, green, red and gives the order of its pixel type."""
    text = files[".ncnn.h"]
    fed = pixels[::-1] if "ncnn::Mat::PIXEL_BGR," in text else pixels
    mean, norm = (
        np.array([float(one.rstrip("f")) for one in re.findall(rf"{name}\[\d\] = {{(.*)}};", text)[0].split(", ")])
        for name in ("mean_vals", "norm_vals")
    )
    return (fed - mean[:, None, None]) * norm[:, None, None]


TOOLS = {"ascend": by_ascend, "nnie": by_nnie, "acuity": by_acuity, "tpu-mlir": by_tpu_mlir, "ncnn": by_ncnn}
ONE_SCALE = ("nnie", "acuity")
"""For all channels; others are refused, which the tools' own tests see."""


def pixels_of(kind: str) -> Numbers:
    return np.random.default_rng(7).integers(0, 256, (1 if kind == "grey" else 3, *SIZE), np.uint8)


@pytest.mark.parametrize(
    ("kind", "tool"),
    [(kind, tool) for kind in INPUTS for tool in TOOLS if kind != "torchvision" or tool not in ONE_SCALE],
)
def test_a_tool_computes_what_people_write(kind: str, tool: str) -> None:
    description, formula = INPUTS[kind]
    pixels = pixels_of(kind)
    others = {".input.json": description_text(description)}
    files = side_files([tool], "deploy", "caffe", {"data": (1, len(pixels), *SIZE)}, others)
    np.testing.assert_allclose(TOOLS[tool](files, pixels.astype(float)), formula(pixels.astype(float)), atol=3e-5)


@pytest.mark.parametrize("target", ["rknn1", "rknn2"])
@pytest.mark.parametrize("kind", INPUTS)
def test_so_does_rknn(kind: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Toolkit 1 exchanges the channels itself, for Toolkit 2 the board's program does it."""
    description, formula = INPUTS[kind]
    pixels = pixels_of(kind).astype(float)
    others = {".input.json": description_text(description)}
    files = side_files(["rknn"], "deploy", target, {"data": (1, len(pixels), *SIZE)}, others)
    config = asked(files[".rknn.py"], monkeypatch)["config"]
    swapped = config["reorder_channel"] == "2 1 0" if target == "rknn1" else config["quant_img_RGB2BGR"]
    mean, std = (np.reshape(config[key][0], (-1, 1, 1)) for key in ("mean_values", "std_values"))
    np.testing.assert_allclose(((pixels[::-1] if swapped else pixels) - mean) / std, formula(pixels), atol=1e-9)


@pytest.mark.parametrize("kind", [kind for kind in INPUTS if kind != "torchvision"])
def test_so_does_the_program_for_opencv(kind: str) -> None:
    """On a picture that has the input's size already, as cv2.imread gives it."""
    description, formula = INPUTS[kind]
    pixels = pixels_of(kind)
    of = Subject(name="deploy", target="caffe", input="data", shape=(1, *pixels.shape), description=description)
    read = pixels[0] if kind == "grey" else np.ascontiguousarray(pixels[::-1].transpose(1, 2, 0))
    np.testing.assert_allclose(program(of)["prepared"](read)[0], formula(pixels.astype(float)), atol=3e-5)
