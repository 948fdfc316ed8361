from __future__ import annotations

import pytest

from caffe_ir.targets.portable import PORTABLE
from caffe_ir.targets.target import Target
from caffe_ir.targets.unlisted import AMBARELLA, NOVATEK


@pytest.mark.parametrize("target", [AMBARELLA, NOVATEK], ids=lambda target: target.name)
def test_they_have_what_is_portable_and_say_that_no_list_is_public(target: Target) -> None:
    assert target.layers == PORTABLE.layers
    assert target.evidence == "document"
    assert "no public list" in target.source
