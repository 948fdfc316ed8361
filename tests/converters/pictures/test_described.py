from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.pictures.described import described
from converters.pictures.description import description_text


def test_a_letterbox_takes_the_whole_picture() -> None:
    found = described((24, 32), 3, resize="letterbox")
    assert (found.fit, found.fill, found.shorter_side) == ("letterbox", 114, None)
    assert '"fill": 114.0' in description_text(found)
    assert "fill" not in description_text(described((24, 32), 3))
    with pytest.raises(ConversionError, match="a letterbox holds the whole picture"):
        described((24, 32), 3, resize="letterbox", crop="24x32")
    assert "is not a value of a pixel" in replace(found, fill=300).doubt()
