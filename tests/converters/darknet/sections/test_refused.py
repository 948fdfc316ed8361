"""Every section that keeps a state is refused, all of them at once, with its line."""

from __future__ import annotations

from converters.darknet.sections import HANDLERS, REFUSED
from tests.converters.darknet.judged import net, refusals

# Darknet's recurrent sections, both forks' (parser.c, string_to_layer_type), and AlexeyAB's memory of a video.
KINDS = ("rnn", "gru", "lstm", "crnn", "conv_lstm", "history")


def test_they_are_all_refused(tmp_path):
    found = refusals(tmp_path, net("\n".join(f"[{kind}]" for kind in KINDS)), dialect="alexeyab")
    assert [problem.partition(" cannot")[0] for problem in found] == [
        f"tiny.cfg:{line} [{kind}]: [{kind}]" for line, kind in enumerate(KINDS, 5)
    ]
    assert "keeps a state" in found[0]


def test_none_of_them_has_a_handler():
    assert REFUSED.keys() == set(KINDS)
    assert not REFUSED.keys() & HANDLERS.keys()
