"""STEM.ncnn.h: a function for ncnn that makes the input of a picture.

Mat::substract_mean_normalize computes (x - mean_vals[c]) * norm_vals[c] after from_pixels has put the channels in their
order (ncnn's src/mat.h, src/mat_pixel.cpp). ncnn resizes bytes between the centres of pixels, other than Darknet and
Pillow do; what its numbers are then is its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from converters.side_files.subject import Subject, refused

_PIXELS = {"RGB": "PIXEL_BGR2RGB", "BGR": "PIXEL_BGR", "grey": "PIXEL_BGR2GRAY"}
_FILE = """\
/* Written by tocaffe from {title}.input.json: the input of {title} for ncnn.

   Pictures become {fit}.
   ncnn resizes them in its own way, so that inputs differ from those of `convert run` by some steps of 255, most where
   a picture shrinks much. What follows the resizing is the same. */
#include "net.h"

/* bgr: rows of blue, green, red, as of cv::imread. Feed it as ex.input({input}, in). */
static ncnn::Mat {identifier}_input(const unsigned char* bgr, int columns, int rows)
{{
    const int width = {width}, height = {height};
    const float mean_vals[{channels}] = {{{mean}}};
    const float norm_vals[{channels}] = {{{norm}}};
    ncnn::Mat in;
{fitting}
    in.substract_mean_normalize(mean_vals, norm_vals);
    return in;
}}
"""
_FITTING = {
    "stretch": """\
    in = ncnn::Mat::from_pixels_resize(bgr, ncnn::Mat::{pixels}, columns, rows, width, height);""",
    "letterbox": """\
    const bool wide = (float)width / columns < (float)height / rows;
    int inner_width = wide ? width : columns * height / rows, inner_height = wide ? rows * width / columns : height;
    inner_width = inner_width < 1 ? 1 : inner_width, inner_height = inner_height < 1 ? 1 : inner_height;
    const int left = (width - inner_width) / 2, top = (height - inner_height) / 2;
    ncnn::Mat inner = ncnn::Mat::from_pixels_resize(
        bgr, ncnn::Mat::{pixels}, columns, rows, inner_width, inner_height);
    const int bottom = height - inner_height - top, right = width - inner_width - left;
    ncnn::copy_make_border(inner, in, top, bottom, left, right, ncnn::BORDER_CONSTANT, {fill});""",
    "crop": """\
    const int side = {side};
    const int whole_width = rows <= columns ? (int)((float)side * columns / rows) : side;
    const int whole_height = rows <= columns ? side : (int)((float)side * rows / columns);
    const int left = (whole_width - width) / 2, top = (whole_height - height) / 2;
    ncnn::Mat whole = ncnn::Mat::from_pixels_resize(
        bgr, ncnn::Mat::{pixels}, columns, rows, whole_width, whole_height);
    const int bottom = whole_height - height - top, right = whole_width - width - left;
    ncnn::copy_cut_border(whole, in, top, bottom, left, right);""",
}


def ncnn(subject: Subject) -> Mapping[str, str]:
    """The file by its ending. Raises ConversionError for a middle that is taller than the picture may be."""
    height, width = subject.size
    described = subject.description
    if described.fit == "crop" and height > (described.shorter_side or width):
        why = "Darknet repeats the border there, and ncnn's copy_cut_border does not"
        raise refused("ncnn", f"an input that is higher than wide, {height} x {width}", why, hint="leave ncnn out")
    fitting = _FITTING[described.fit].format(
        pixels=_PIXELS[described.order], side=described.shorter_side or width, fill=_float(described.fill)
    )
    text = _FILE.format(
        title=subject.title,
        fit=subject.fit,
        input=_string(subject.input),
        identifier=subject.identifier,
        width=width,
        height=height,
        channels=subject.channels,
        mean=", ".join(map(_float, subject.mean)),
        norm=", ".join(map(_float, subject.scale)),
        fitting=fitting,
    )
    return {".ncnn.h": text}


def _float(number: float) -> str:
    """A literal of the float32 next to the number."""
    return f"{float(np.float32(number))!r}f"


def _string(text: str) -> str:
    """The text in quotes, as a comment of C may have it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("*/", "* /") + '"'
