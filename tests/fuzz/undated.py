"""Entries of zip archives without the time at which they are made: a generator's file is the same at any time."""

from __future__ import annotations

import zipfile


def put(archive: zipfile.ZipFile, name: str, content: bytes | str) -> None:
    """Add an entry, compressed as the archive is."""
    archive.writestr(zipfile.ZipInfo(name), content, archive.compression)
