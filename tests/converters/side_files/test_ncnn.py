"""The numbers in the formula of ncnn; the function is compiled with a Mat that has ncnn's names, and run."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.pictures.preparation import prepared
from converters.side_files.ncnn import ncnn
from converters.side_files.subject import Subject
from tests.converters.side_files.subjects import KINDS, ordered, picture, subject, wanted

CXX = shutil.which("g++") or shutil.which("clang++")

MAT = """
#include <vector>
namespace ncnn {
enum { BORDER_CONSTANT = 0 };
struct Mat {
    enum { PIXEL_BGR = 2, PIXEL_BGR2RGB = 3, PIXEL_BGR2GRAY = 4 };
    int w, h, c;
    std::vector<float> data;
    Mat(int w = 0, int h = 0, int c = 0) : w(w), h(h), c(c), data(w * h * c) {}
    static Mat from_pixels_resize(const unsigned char* pixels, int type, int w, int h, int width, int height)
    {   /* the nearest one: resizing is not what is tried here */
        Mat m(width, height, type == PIXEL_BGR2GRAY ? 1 : 3);
        for (int c = 0; c < m.c; c++)
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++) {
                    int channel = type == PIXEL_BGR2RGB ? 2 - c : c;
                    m.data[(c * height + y) * width + x] = pixels[((y * h / height) * w + x * w / width) * 3 + channel];
                }
        return m;
    }
    void substract_mean_normalize(const float* mean_vals, const float* norm_vals)
    {
        for (int i = 0; i < (int)data.size(); i++)
            data[i] = (data[i] - mean_vals[i / (w * h)]) * norm_vals[i / (w * h)];
    }
};
static void placed(const Mat& from, Mat& to, int top, int left, float v)
{
    for (int c = 0; c < to.c; c++)
        for (int y = 0; y < to.h; y++)
            for (int x = 0; x < to.w; x++) {
                int row = y - top, column = x - left;
                bool inside = row >= 0 && column >= 0 && row < from.h && column < from.w;
                to.data[(c * to.h + y) * to.w + x] = inside ? from.data[(c * from.h + row) * from.w + column] : v;
            }
}
inline void copy_make_border(const Mat& a, Mat& b, int top, int bottom, int left, int right, int, float v)
{
    b = Mat(a.w + left + right, a.h + top + bottom, a.c);
    placed(a, b, top, left, v);
}
inline void copy_cut_border(const Mat& a, Mat& b, int top, int bottom, int left, int right)
{
    b = Mat(a.w - left - right, a.h - top - bottom, a.c);
    placed(a, b, -top, -left, -1e9f);
}
}
"""
CALL = """
#include "deploy.ncnn.h"
extern "C" int call(const unsigned char* bgr, int columns, int rows, float* out)
{
    ncnn::Mat in = deploy_input(bgr, columns, rows);
    for (int i = 0; i < (int)in.data.size(); i++) out[i] = in.data[i];
    return in.data.size();
}
"""


def compiled(of: Subject, folder: Path) -> ctypes.CDLL:
    for name, text in (("net.h", MAT), ("deploy.ncnn.h", ncnn(of)[".ncnn.h"]), ("call.cpp", CALL)):
        (folder / name).write_text(text)
    words = [str(CXX), "-std=c++11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I.", "call.cpp", "-o", "x.so"]
    subprocess.run(words, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "x.so"))


def called(library: ctypes.CDLL, bgr: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    out = np.full(int(np.prod(shape)), np.nan, np.float32)
    data = np.ascontiguousarray(bgr)
    count = library.call(
        data.ctypes.data_as(ctypes.c_void_p), bgr.shape[1], bgr.shape[0], out.ctypes.data_as(ctypes.c_void_p)
    )
    assert count == out.size
    return out.reshape(shape)


@pytest.mark.parametrize("kind", KINDS)
def test_the_formula_with_these_numbers(kind: str) -> None:
    of = subject(kind)
    text, image = ncnn(of)[".ncnn.h"], picture(of)
    mean, norm = (
        np.array([float(one.removesuffix("f")) for one in found.split(", ")])[:, None, None]
        for name in ("mean_vals", "norm_vals")
        if (found := re.findall(rf"{name}\[{of.channels}\] = {{(.*)}};", text)[0])
    )
    np.testing.assert_allclose((ordered(of, image) - mean) * norm, wanted(of, image), atol=2e-6 * 255 * max(of.scale))
    assert ("PIXEL_BGR2RGB" in text) == (of.description.order == "RGB")


@pytest.mark.skipif(CXX is None, reason="no compiler for C++")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "grey"])
def test_a_picture_of_the_inputs_size_is_what_convert_run_makes_of_it(kind: str, tmp_path: Path) -> None:
    """A middle is taken of one whose shorter side has its length."""
    of = subject(kind)
    library, side = compiled(of, tmp_path), of.description.shorter_side
    image = picture(of if side is None else replace(of, shape=(1, 3, side, side + 20)))
    top, left = (0, 0) if side is None else ((side - 24) // 2, (side + 20 - 36) // 2)
    exact = wanted(of, image[:, top : top + 24, left : left + 36])
    found = called(library, image[::-1].transpose(1, 2, 0), of.shape[1:])
    np.testing.assert_allclose(found, exact, atol=2e-6 * 255 * max(of.scale))


@pytest.mark.skipif(CXX is None, reason="no compiler for C++")
@pytest.mark.parametrize("size", [(24, 20), (10, 36), (1, 300), (48, 72)])
@pytest.mark.parametrize("kind", ["Darknet's", "ultralytics'"])
def test_a_letterbox_is_grey_where_there_is_no_picture(kind: str, size: tuple[int, int], tmp_path: Path) -> None:
    of = subject(kind)
    library = compiled(of, tmp_path)
    found = called(library, np.zeros((*size, 3), np.uint8), of.shape[1:])
    exact = prepared(np.zeros((3, *size), np.uint8), of.shape, of.description.preparation())[0]
    np.testing.assert_allclose(found, exact, atol=1e-6)


def test_a_middle_that_is_taller_than_the_picture_is_refused() -> None:
    of = subject(fit="crop")
    tall = replace(of, shape=(1, 3, 40, 36), description=replace(of.description, size=(40, 36)))
    with pytest.raises(ConversionError, match="--side-files ncnn: an input that is higher than wide, 40 x 36"):
        ncnn(tall)
