"""The parts of a decoder in Python that are this net's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converters.decode.facts import Facts
from converters.decode.heads import AnchorHead, AnyHead, SsdHead
from converters.decode.standalone_numbers import anchors_of, arguments_of, blobs_of, ends_of, numbers_of, plain


def python_words(facts: Facts) -> dict[str, str]:
    """What the words of the template stand for."""
    return {
        "BLOBS": repr(blobs_of(facts)),
        "FIRST_BLOB": plain(blobs_of(facts)[0]),
        "TABLES": "\n".join(["HEADS = [", *(_head(facts, head) for head in facts.heads), "]"]),
        "CALLS": "\n".join(_call(facts, place, head) for place, head in enumerate(facts.heads)),
    }


def _head(facts: Facts, head: AnyHead) -> str:
    pairs: dict[str, object] = {**numbers_of(facts, head), "network": head.network[::-1]}
    table: tuple[str, Sequence[float], int] | None = None
    if isinstance(head, AnchorHead):
        pairs.update(gaussian=head.type == "Gaussian_yolo", parents=list(head.parents), ends=ends_of(head))
        table = ("anchors", anchors_of(head), 2)
    if isinstance(head, SsdHead):
        pairs.update(variances=head.variances, exponent_limit=head.exponent_limit)
        if head.levels:
            pairs.update(levels=list(head.levels), level_candidates=head.level_candidates)
        table = ("priors", head.priors, 4)
    lines = [f'        "{key}": {value!r},' for key, value in pairs.items()]
    if table is not None:
        key, numbers, width = table
        rows = ", ".join(f"[{', '.join(map(str, row))}]" for row in np.reshape(numbers, (-1, width)).astype(np.float32))
        lines.append(f'        "{key}": np.array([{rows}], np.float32),')
    return "\n".join(["    {", *lines, "    },"])


def _call(facts: Facts, place: int, head: AnyHead) -> str:
    function = "yolo" if head.type == "Gaussian_yolo" else head.type
    arrays = ", ".join(f"blobs[BLOBS[{one}]]" for one in arguments_of(facts, head))
    return f"    found.append({function}(HEADS[{place}], {arrays}, least, picture_height, picture_width))"
