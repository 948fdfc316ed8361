"""STEM.nnie.cfg for nnie_mapper, and STEM.nnie.mean.txt, the mean of each channel.

The mapper computes (x - mean[c]) * data_scale: one scale for all channels, of more than 1/4096 (HiSVP development
guide, table 3-6). norm_type: 0 nothing, 2 the means of the channels, 3 the scale, 5 both; 1 and 4 take a mean picture.
image_type 1 are pictures in bytes. Its lines are `[key] value`, without comments.
"""

from __future__ import annotations

from collections.abc import Mapping

from converters.side_files.subject import Subject, refused

MEANS = ".nnie.mean.txt"
_LEAST = 1 / 4096
_NORM_TYPES = {(False, False): 0, (True, False): 2, (False, True): 3, (True, True): 5}
"""By whether there are means and whether there is a scale."""


def nnie(subject: Subject) -> Mapping[str, str]:
    """The files by their endings. Raises ConversionError for what the mapper does not compute."""
    scale, name = subject.one_scale("nnie"), subject.name
    if scale <= _LEAST:
        raise refused("nnie", f"a scale of {scale:g}", "the mapper takes scales above 1/4096")
    if any(letter.isspace() for letter in name):
        why = "a line of the mapper's file is a key and a value, without quotes"
        raise refused("nnie", f"blanks in the name {subject.title!r}", why, hint="name the files by another -o")
    has_means = any(subject.mean)
    settings = {
        "prototxt_file": f"./{name}.prototxt",
        "caffemodel_file": f"./{name}.caffemodel",
        "batch_num": 1,
        "net_type": 0,
        "sparse_rate": 0,
        "compile_mode": 0,
        "is_simulation": 0,
        "log_level": 2,
        "instruction_name": f"./{name}",
        **({"RGB_order": subject.description.order} if subject.channels == 3 else {}),
        "data_scale": repr(scale),
        "internal_stride": 16,
        "image_list": "./images.txt",
        "image_type": 1,
        "mean_file": f"./{name}{MEANS}" if has_means else "null",
        "norm_type": _NORM_TYPES[has_means, scale != 1],
    }
    files = {".nnie.cfg": "".join(f"[{key}] {value}\n" for key, value in settings.items())}
    if has_means:
        files[MEANS] = "".join(f"{mean!r}\n" for mean in subject.mean)
    return files
