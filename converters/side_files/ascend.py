"""STEM.aipp.cfg for `atc --insert_op_conf`, and STEM.aipp-yuv.cfg for pictures as Ascend's decoders have them.

AIPP's order is: channels exchanged, colour converted, then for each channel

    out = (in - mean_chn - min_chn) * var_reci_chn

mean_chn is a uint8, the others are float16 from -65504 to 65504, min_chn not below 0 (CANN 8.0, ATC guide:
Normalization Configuration, CSC Configuration, Configuration File Template). A mean is therefore split: its whole part
is exact, and only the fraction is rounded. The matrix from YUV is that for JPEG, whose luminance goes from 0 to 255.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from converters.side_files.subject import Subject, refused

_TO_RGB = ((256, 0, 359), (256, -88, -183), (256, 454, 0))
"""Of Y, U - 128 and V - 128, in 256ths."""

_LARGEST = 65504
"""Of the float16."""


def ascend(subject: Subject) -> Mapping[str, str]:
    """The files by their endings. Raises ConversionError for numbers that AIPP does not have."""
    for number in subject.mean:
        if not 0 <= number < 256:
            raise refused("ascend", f"a mean of {number:g}", "AIPP takes means from 0 to 255")
    for number in subject.scale:
        if abs(number) > _LARGEST or abs(float(np.float16(number)) - number) > 2**-11 * abs(number):
            raise refused("ascend", f"a scale of {number:g}", "AIPP keeps it as a float16, which has no such number")
    if subject.channels == 1:
        return {".aipp.cfg": _file(subject, "grey pictures", ["input_format: YUV400_U8", "csc_switch: false"])}
    swap = str(subject.is_bgr).lower()
    plain = ["input_format: RGB888_U8", "csc_switch: false", f"rbuv_swap_switch: {swap}"]
    files = {".aipp.cfg": _file(subject, "pictures in red, green, blue", plain)}
    if not any(side % 2 for side in subject.size):  # two by two pixels share their colour
        files[".aipp-yuv.cfg"] = _file(subject, "pictures in NV12, of JPEG's full range", list(_from_yuv(subject)))
    return files


def _from_yuv(subject: Subject) -> Iterator[str]:
    yield "input_format: YUV420SP_U8"
    yield "csc_switch: true"
    yield "rbuv_swap_switch: false"
    rows = _TO_RGB[::-1] if subject.is_bgr else _TO_RGB
    yield from (f"matrix_r{y}c{x}: {number}" for y, row in enumerate(rows) for x, number in enumerate(row))
    yield from (f"input_bias_{place}: {number}" for place, number in enumerate((0, 128, 128)))


def _file(subject: Subject, pictures: str, lines: list[str]) -> str:
    height, width = subject.size
    whole = [int(mean) for mean in subject.mean]
    numbers: Mapping[str, Sequence[float]] = {
        "mean_chn": whole,
        "min_chn": [mean - part for mean, part in zip(subject.mean, whole, strict=True)],
        "var_reci_chn": subject.scale,
    }
    body = [
        "aipp_mode: static",
        "related_input_rank: 0",
        *lines,
        f"src_image_size_w: {width}",
        f"src_image_size_h: {height}",
        "crop: false",
        *(f"{key}_{place}: {one!r}" for key, listed in numbers.items() for place, one in enumerate(listed)),
    ]
    return "\n".join(
        (
            f"# Written by tocaffe from {subject.title}.input.json, for {pictures},",
            f"# {subject.fit}.",
            "# min_chn and var_reci_chn are kept as float16 by AIPP: a relative error of up to 2^-11.",
            "aipp_op {",
            *(f"  {line}" for line in body),
            "}\n",
        )
    )
