"""The middle of the house: nets, layers, passes, targets, and the files of Caffe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caffe_ir.files.writer import Written
    from caffe_ir.net import Net
    from caffe_ir.passes.base import Options
    from caffe_ir.targets import Target

__all__ = ["write"]


def write(
    net: Net,
    stem: str | Path,
    *,
    target: Target | str = "caffe",
    options: Options | None = None,
    hdf5: bool = False,
    force: bool = False,
    durable: bool = False,
) -> Written:
    """Rewrite what a front end gave for its target, and write STEM.prototxt and STEM.caffemodel.

    The layers of `net` stay as they are, so that it can be written for another target as well; its notes say what was
    rewritten. With `durable` the files survive a power cut right behind the call.
    Raises KeyError for an unknown target, and ConversionError where the net has no exact form or cannot be written, or
    would replace a file that tocaffe did not make: not with `force`.
    """
    from caffe_ir.files.header import Origins
    from caffe_ir.files.writer import write
    from caffe_ir.passes.base import Options
    from caffe_ir.passes.pipeline import lower
    from caffe_ir.targets import TARGETS

    known = TARGETS[target] if isinstance(target, str) else target
    asked = options or Options()
    lowered = lower(net.copy(), known, asked)
    origins = Origins(options={"head": asked.head, "fold_bn": asked.fold_batch_norm})
    written = write(lowered, stem, known, hdf5=hdf5, origins=origins, force=force, durable=durable)
    net.notes[:] = lowered.notes
    return written
