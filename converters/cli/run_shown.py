"""What `convert run` prints and draws."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caffe_ir.blob import Array
    from converters.decode import Detection
    from converters.run.answer import Answer


def as_text(found: Answer, names: Sequence[str], place: Path | None) -> str:
    """The picture, what is in it, and how long each stage took."""
    height, width = found.size
    lines = [f"{found.path}  {width} x {height}, {_summary(found)}"]
    lines += [f"  note: {remark}" for remark in found.remarks]
    lines += [f"  {line}" for line in _lines(found, names)]
    stages = ", ".join(f"{stage} {1000 * seconds:.1f}" for stage, seconds in found.seconds.items())
    lines.append(f"  milliseconds: {stages}")
    if place is not None:
        lines.append(f"  written  {place}")
    return "\n".join(lines)


def as_json(found: Answer, names: Sequence[str]) -> str:
    """The same in one line: boxes are left, top, right, bottom in pixels, and may reach beyond the picture."""
    height, width = found.size
    told: dict[str, Any] = {"picture": str(found.path), "width": width, "height": height}
    if found.objects is not None:
        told["objects"] = [
            {**_called(one.category, names), "score": one.score, "box": list(corners(one, found.size))}
            for one in found.objects
        ]
    elif found.pixels is not None:
        told["shares"] = [{**_called(category, names), "share": share} for category, share in _shares(found)]
    elif found.classes is not None:
        told["classes"] = [{**_called(category, names), "score": score} for category, score in found.classes]
    else:
        told["outputs"] = {name: list(blob.shape) for name, blob in found.blobs.items()}
    if found.remarks:
        told["remarks"] = found.remarks
    return json.dumps({**told, "seconds": found.seconds}, ensure_ascii=True)


def drawn(found: Answer, names: Sequence[str]) -> Array:
    """The picture with its boxes, with the best class in its corner, or with its pixels in the colours of classes."""
    from converters.pictures.drawing import Frame, painted, with_frames

    if found.pixels is not None:
        return painted(found.image, found.pixels)

    frames = []
    for one in found.objects or ():
        left, top, right, bottom = corners(one, found.size)
        text = f"{_drawn_name(one.category, names)} {one.score:.0%}"
        frames.append(Frame(left=left, top=top, right=right, bottom=bottom, text=text, colour=one.category))
    if found.classes:
        category, score = found.classes[0]
        text, (height, width) = f"{_drawn_name(category, names)} {score:.3g}", found.size
        frames.append(Frame(left=0, top=0, right=width, bottom=height, text=text, colour=category))
    return with_frames(found.image, frames)


def corners(one: Detection, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in pixels."""
    (x, y, w, h), (height, width) = one.place, size
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height


def name_of(category: int, names: Sequence[str]) -> str:
    """The name of a class by its number; `class N` where no names are known."""
    return names[category] if names else f"class {category}"


def _drawn_name(category: int, names: Sequence[str]) -> str:
    """The name as OpenCV's letters have it, which are those of ASCII: without accents, or else the class's number."""
    letters = unicodedata.normalize("NFKD", name_of(category, names))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain if plain.isascii() else name_of(category, ())


def _shares(found: Answer) -> list[tuple[int, float]]:
    """Of a segmentation the classes with their parts of the picture."""
    from converters.decode import shares

    return [] if found.pixels is None else shares(found.pixels)


def _called(category: int, names: Sequence[str]) -> dict[str, Any]:
    return {"class": category, "name": names[category]} if names else {"class": category}


def _summary(found: Answer) -> str:
    if found.objects is not None:
        count = len(found.objects)
        return f"{count} object{'s' * (count != 1)}" if count else "nothing above the threshold"
    if found.pixels is not None:
        count = len(_shares(found))
        return f"{count} class{'es' * (count != 1)} of pixels" if count else "no pixel of any class"
    return "the best classes" if found.classes is not None else "outputs that no file explains"


def _lines(found: Answer, names: Sequence[str]) -> Iterator[str]:
    width = max((len(name_of(one.category, names)) for one in found.objects or ()), default=0)
    for one in found.objects or ():
        left, top, right, bottom = (round(place) for place in corners(one, found.size))
        name = name_of(one.category, names)
        yield f"{name:<{width}}  {one.score:6.1%}  left {left}, top {top}, right {right}, bottom {bottom}"
    for category, share in _shares(found):
        yield f"{share:6.1%}  {name_of(category, names)}"
    for category, score in found.classes or ():
        yield f"{score:9.5f}  {name_of(category, names)}"
    for name, blob in found.blobs.items():
        yield f"{name}  {'x'.join(map(str, blob.shape))}, from {blob.min():.4g} to {blob.max():.4g}"
