"""Texts that are written besides a net: reports, summaries, mappings."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.errors import ConversionError
from caffe_ir.files.replaceable import check_file
from caffe_ir.files.whole_files import whole_files
from caffe_ir.files.writable import cannot_write

HTML = '<meta name="generator" content="tocaffe">'
"""Stands in the head of every page of ours: the mark that it is known by."""


def write_text(place: Path, text: str, *, mark: str = "") -> None:
    """Write a text in UTF-8, whole or not at all, in a folder that is made if it is not there.

    `mark` stands in the text, by which a later run knows it as ours; a text without one replaces nothing. Bytes of
    names that are not UTF-8 are `?`. Raises ConversionError.
    """
    assert mark in text, "what we write must be known again"
    check_file(place, mark)
    try:
        with whole_files(place, make_folders=True) as (file,):
            file.write(text.encode(errors="replace"))
    except OSError as error:
        raise ConversionError(cannot_write(place, error)) from error
