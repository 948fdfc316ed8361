from __future__ import annotations

import re

from caffe_ir.version import VERSION


def test_it_is_a_version_of_semver() -> None:
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", VERSION)
