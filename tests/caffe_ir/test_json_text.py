from __future__ import annotations

import json

from caffe_ir.json_text import json_text


def test_a_list_of_numbers_or_names_has_one_line() -> None:
    facts = {"size": [3, 4], "heads": [{"name": "a [b]", "mask": [0, 1]}, {"none": []}], "deep": [[1, 2], [3]]}
    text = json_text(facts)
    assert json.loads(text) == facts
    assert ' "size": [3, 4],\n' in text
    assert '   "mask": [0, 1]\n' in text
    assert text.endswith("}\n")
