"""Why a file of weights is not read: raised where it is noticed, reported with the file's name by who opened it."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.error_kinds.kind import Kind
from caffe_ir.error_kinds.weights import DAMAGED
from caffe_ir.errors import Problem

SAVE_ALONE = (
    """save the weights alone, in Python: torch.save(checkpoint["state_dict"], "weights.pth"), """
    """or of a module torch.save(model.state_dict(), "weights.pth")"""
)
AGAIN = "download the file again, or save it again"


class Unreadable(Exception):
    """What is wrong with the file, as the rest of a sentence that begins with its name; why; and what helps."""

    def __init__(self, what: str, why: str = "", hint: str = AGAIN, kind: Kind = DAMAGED) -> None:
        super().__init__(what)
        self.what, self.why, self.hint, self.kind = what, why, hint, kind

    def of(self, path: Path) -> Problem:
        """The whole sentence, with the file's name."""
        return Problem(kind=self.kind, what=f"{path} {self.what}", why=self.why, hint=self.hint)
