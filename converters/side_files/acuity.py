"""STEM_inputmeta.yml for VeriSilicon's Acuity (`pegasus quantize --with-input-meta`), under the name that it looks for.

Acuity computes (x - mean[c]) * scale after the channels are reversed where it is asked to: its older versions have one
scale for all channels, as `channel-mean-value` still has (files of the Acuity toolkits for Allwinner V853, T527 and
Amlogic; the order is the one that RKNN-Toolkit 1, of the same code, documents).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from converters.side_files.subject import Subject

_FILE = """\
# Written by tocaffe from {name}.input.json. Tabs are not allowed here.
# dataset.txt: one path a line, of pictures {fit}.
# lid: what `pegasus import caffe` calls the input in its .json; correct it where it is another name.
input_meta:
  databases:
  - path: dataset.txt
    type: TEXT
    ports:
    - lid: {lid}
      category: image
      dtype: float32
      sparse: false
      tensor_name:
      layout: nchw
      shape:
{shape}
      fitting: scale
      preprocess:
        reverse_channel: {reverse}
        mean:
{mean}
        scale: {scale!r}
        preproc_node_params:
          add_preproc_node: false
          preproc_type: {pixels}
          preproc_perm:
          - 0
          - 1
          - 2
          - 3
      redirect_to_output: false
"""


def acuity(subject: Subject) -> Mapping[str, str]:
    """The file by its ending. Raises ConversionError for scales that differ."""
    text = _FILE.format(
        name=subject.title,
        fit=subject.fit,
        lid=json.dumps(f"{subject.input}_0"),
        shape="\n".join(f"      - {count}" for count in subject.shape),
        reverse=str(subject.is_bgr).lower(),
        mean="\n".join(f"        - {mean!r}" for mean in subject.mean),
        scale=subject.one_scale("acuity"),
        pixels="IMAGE_RGB" if subject.channels == 3 else "IMAGE_GRAY",
    )
    return {"_inputmeta.yml": text}
