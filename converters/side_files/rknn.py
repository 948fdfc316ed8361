"""STEM.rknn.py, which makes STEM.rknn with RKNN-Toolkit2, or for the target rknn1 with RKNN-Toolkit 1.

Both compute (x - mean_values[c]) / std_values[c] of the net's input. Toolkit2 exchanges red and blue in the pictures
for quantisation alone (quant_img_RGB2BGR); on the board the program does it (RKNN SDK user guide, rknn.config).
Toolkit 1 has the exchange in the model, before the mean (reorder_channel; RKNN-Toolkit user guide 1.7).
"""

from __future__ import annotations

from collections.abc import Mapping

from converters.side_files.subject import Subject, refused

_FILE = '''\
"""Written by tocaffe from {title}.input.json: the net for Rockchip's chips, by RKNN-Toolkit{version}.

dataset.txt: one path a line, of pictures {fit}.
{board}
"""

from rknn.api import RKNN

rknn = RKNN()
rknn.config(
    mean_values=[{mean!r}],
    std_values=[{std!r}],
    {order},
    target_platform="{chip}",  # yours
)
assert rknn.load_caffe(model={prototxt!r}, {proto}blobs={caffemodel!r}) == 0
assert rknn.build(do_quantization=True, dataset="dataset.txt") == 0
assert rknn.export_rknn({made!r}) == 0
rknn.release()
'''


def rknn(subject: Subject) -> Mapping[str, str]:
    """The file by its ending. Raises ConversionError for a scale of 0."""
    if not all(subject.scale):
        raise refused("rknn", "a scale of 0", "RKNN divides by its inverse")
    old = subject.target == "rknn1"
    channels = {1: "grey", 3: "blue, green, red" if subject.is_bgr and not old else "red, green, blue"}
    reordered = "2 1 0" if subject.is_bgr else "0 1 2"
    text = _FILE.format(
        title=subject.title,
        version=" 1" if old else "2",
        fit=subject.fit,
        board=f"On the board the net takes the bytes of such a picture, {channels[subject.channels]}.",
        mean=subject.mean,
        std=[1 / scale for scale in subject.scale],
        order=f'reorder_channel="{reordered}"' if old else f"quant_img_RGB2BGR={subject.is_bgr}",
        chip="rv1126" if old else "rk3588",
        prototxt=f"{subject.name}.prototxt",
        proto='proto="caffe", ' if old else "",
        caffemodel=f"{subject.name}.caffemodel",
        made=f"{subject.name}.rknn",
    )
    return {".rknn.py": text}
