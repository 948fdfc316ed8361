"""What a PyTorch model says of pictures itself, as the options with which its user would have said it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from converters.cli.picture_input import OF_PICTURES
from converters.options import PyTorchOptions, spelled

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from converters.pytorch.open.transforms import Transform


def completed(net: Net, read: PyTorchOptions, transform: Transform | None) -> PyTorchOptions:
    """The options with what the model says of pictures, unless its user has said anything of them; the net notes it."""
    if transform is None or spelled(read) != spelled(read, OF_PICTURES):
        return read
    from caffe_ir.layers import Input

    shapes = [net.shapes[top] for node in net.nodes if isinstance(node.layer, Input) for top in node.tops]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in (1, 3):
        return read
    _, channels, *size = shapes[0]
    if len(transform.mean) not in (1, channels) or not transform.is_known:
        why = f"{len(transform.mean)} channels" if transform.is_known else f"{transform.interpolation} resizing"
        net.note("assumed", f"{transform.said_by} is for {why}: what a picture goes through is left to you")
        return read
    height, width = size
    side = transform.shorter_side((height, width))
    said: dict[str, Any] = {
        "mean": _text(transform.mean),
        "std": _text(transform.std),
        "resize": f"{height}x{width}" if side is None else str(side),
        "crop": None if side is None else f"{height}x{width}",
        "interpolation": transform.interpolation,
    }
    text = f"pictures go through {transform.said_by}: {' '.join(spelled(PyTorchOptions(**said)))}"
    if not transform.says_size((height, width)):
        text += (
            f" (it says nothing of inputs of {height}x{width}, and they are stretched; --resize and --crop say more)"
        )
    net.note("assumed", text)
    return replace(read, **said)


def _text(numbers: tuple[float, ...]) -> str:
    return ",".join(map(repr, numbers))
