"""docs/reference/errors: a page for every error code, from caffe_ir.error_kinds, and the list of them."""

from __future__ import annotations

from caffe_ir.error_kinds.catalogue import FAMILIES, KINDS, kinds_of
from caffe_ir.error_kinds.kind import Kind
from document_tables.table import page, table

FOLDER = "reference/errors"
ABOUT = """
Every message begins with a code. It belongs to the kind of the error, stays the same in all versions, and can be
searched for; `convert explain TC0211` prints its page.
"""


def error_pages() -> dict[str, str]:
    """The pages by their places below docs/."""
    return {f"{FOLDER}/index.md": _index(), **{f"{FOLDER}/{code}.md": _page(kind) for code, kind in KINDS.items()}}


def _index() -> str:
    parts = [ABOUT.strip()]
    for title, family in FAMILIES:
        rows = [(f"[{kind.code}]({kind.code}.md)", kind.title) for kind in kinds_of(family)]
        parts.append(f"## {title}\n\n{table(('Code', 'What happened'), rows)}")
    return page("Error codes", *parts)


def _page(kind: Kind) -> str:
    example = f"```text\n{kind.mark(kind.example)}\n```"
    return page(f"{kind.code}: {kind.title}", kind.why, f"## What to do\n\n{kind.remedy}", f"## Example\n\n{example}")
