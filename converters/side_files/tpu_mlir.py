"""STEM.tpu-mlir.sh: the line for SOPHGO's model_transform, which knows mean and scale of each channel.

TPU-MLIR computes (x - mean) * scale after it has put the channels in the order of --pixel_format, and fills a picture
up with a whole number (python/utils/preprocess.py).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from converters.side_files.subject import Subject

_FORMATS = {"RGB": "rgb", "BGR": "bgr", "grey": "gray"}


def tpu_mlir(subject: Subject) -> Mapping[str, str]:
    """The file by its ending."""
    name, three = subject.name, 3 // subject.channels  # its defaults have three numbers, for grey too
    words = {
        "--model_name": subject.identifier,
        "--model_def": f"{name}.prototxt",
        "--model_data": f"{name}.caffemodel",
        "--input_shapes": f"[[{','.join(map(str, subject.shape))}]]",
        "--mean": ",".join(map(repr, subject.mean * three)),
        "--scale": ",".join(map(repr, subject.scale * three)),
        "--pixel_format": _FORMATS[subject.description.order],
        "--mlir": f"{name}.mlir",
    }
    lines = [f"{key} {shlex.quote(value)}" for key, value in words.items()]
    says = [f"# Written by tocaffe from {subject.title}.input.json. Pictures for calibration are", f"# {subject.fit}."]
    if subject.description.fit == "letterbox":
        fill = subject.description.fill
        lines.insert(-1, f"--keep_aspect_ratio --pad_value {int(fill)}")
        if fill != int(fill):
            stands = f"its {int(fill)} stands for {fill:g} in pictures of another size"
            says.append(f"# TPU-MLIR fills up with whole numbers: {stands}.")
    return {".tpu-mlir.sh": "#!/bin/sh\n" + "\n".join(says) + "\nmodel_transform " + " \\\n    ".join(lines) + "\n"}
