"""What the target of two files says of their layers: a file may have been changed since it was written for it."""

from __future__ import annotations

from converters.cli.failure import texts_of
from converters.cli.verify_opened import Pair


def target_remarks(pair: Pair) -> tuple[str, ...]:
    """The layers of a prototxt that the target in its comment refuses or gets wrong, by line. Raises OSError."""
    from caffe_ir.errors import ConversionError
    from caffe_ir.files.header import read_header
    from caffe_ir.files.reader import read
    from caffe_ir.targets import TARGETS

    header = read_header(pair.prototxt)
    target = TARGETS.get(str(header.options.get("target"))) if header is not None else None
    if target is None:
        return ()
    try:
        read(pair.prototxt)
    except ConversionError:
        return ()  # the comparison says what is wrong with it
    try:
        read(pair.prototxt, target=target)
    except ConversionError as error:
        return tuple(f"{text}: the file says that it is for {target.name}" for text in texts_of(error.problems))
    return ()
