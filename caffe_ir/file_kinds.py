"""What kind of file it is that begins like this, for readers that were given another one than they read."""

from __future__ import annotations

LFS, WEB_PAGE = "a Git LFS pointer instead of the file itself", "a web page"
ZIP, HDF5, NUMPY = "a zip archive, as PyTorch and Keras write", "an HDF5 file, as Keras writes", "a NumPy array"
GZIP, BZIP2, XZ = "a gzip archive", "a bzip2 archive", "an xz archive"
RAR, SEVEN_ZIP = "a RAR archive", "a 7z archive"
PACKED = (GZIP, BZIP2, XZ, RAR, SEVEN_ZIP)
"""What is to be unpacked; the file that was meant may be inside."""
ZIP_SIGNATURE, HDF5_SIGNATURE, NUMPY_SIGNATURE = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY"
SIGNATURES = (
    (0, ZIP_SIGNATURE, ZIP),
    (0, HDF5_SIGNATURE, HDF5),
    (0, NUMPY_SIGNATURE, NUMPY),
    (0, b"\x1f\x8b", GZIP),
    (0, b"Rar!\x1a\x07", RAR),
    (0, b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (0, b"BZh", BZIP2),
    (0, b"\xfd7zXZ\0", XZ),
    (0, b"version https://git-lfs", LFS),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (8, b'{"', "a safetensors file"),
    *((0, bytes((8, version)) + b"\x12", "an ONNX model") for version in range(3, 16)),
    (0, b"\x80\x02", "a Python pickle, as PyTorch writes"),
    *((0, bytes((0x80, protocol)), "a Python pickle") for protocol in range(3, 6)),
)
"""Where a signature stands, its bytes, and whose it is."""
_PAGES = (b"<!doctype html", b"<html", b"<?xml")


def kind_of(head: bytes) -> str:
    """The kind of a file by its first bytes, 24 or more; '' where they are those of none of these."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return WEB_PAGE
    return next((kind for offset, signature, kind in SIGNATURES if head.startswith(signature, offset)), "")
