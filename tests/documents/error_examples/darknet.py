from __future__ import annotations

import struct
from pathlib import Path

from caffe_ir.error_kinds import darknet as kinds
from tests.documents.error_examples.case import CONV, NET, convert, darknet, raises

LINE = "darknet net.cfg net.weights -o deploy"
NUMBERS = 4 * 3 * 9 + 4
"""Of a net of one CONV."""
ENOUGH = struct.pack("<3iQ", 0, 2, 0, 0) + bytes(4 * NUMBERS)


def refused(text: str, weights: bytes | None = struct.pack("<3iQ", 0, 2, 0, 0) + bytes(4096)) -> str:
    darknet(text, weights=weights)
    return convert(LINE)


@raises(kinds.NOT_A_CFG)
def _() -> str:
    darknet(NET + CONV)
    return convert("darknet net.weights net.cfg -o deploy")


@raises(kinds.CFG_SYNTAX)
def _() -> str:
    return refused("width=416\n" + NET + CONV)


@raises(kinds.UNKNOWN_SECTION)
def _() -> str:
    return refused(NET + CONV + CONV.replace("convolutional", "convolutionall"))


@raises(kinds.SECTION_NOT_CONVERTIBLE)
def _() -> str:
    return refused(NET + CONV + "[crnn]\noutput=4\n")


@raises(kinds.WHICH_DARKNET)
def _() -> str:
    darknet(NET + CONV + "[sam]\nfrom=-1\n", weights=ENOUGH)
    return convert(LINE + " --dialect darknet")


@raises(kinds.UNKNOWN_ACTIVATION)
def _() -> str:
    return refused(NET + CONV.replace("leaky", "leakyy"), ENOUGH)


@raises(kinds.SECTION_OPTION)
def _() -> str:
    return refused(NET + CONV + CONV.replace("size=3", "size=3\ngroups=3"))


@raises(kinds.SECTION_INPUT)
def _() -> str:
    return refused(NET + CONV + "[shortcut]\nfrom=-5\nactivation=linear\n")


@raises(kinds.INPUT_SIZE)
def _() -> str:
    return refused(NET.replace("height=8", "height=0") + CONV)


@raises(kinds.NOT_DARKNET_WEIGHTS)
def _() -> str:
    return refused(NET + CONV, b"<!DOCTYPE html>\n<html><head><title>Not Found</title></head></html>\n")


@raises(kinds.WEIGHTS_TOO_SHORT)
def _() -> str:
    return refused(NET + CONV, struct.pack("<3iQ", 0, 2, 0, 0) + bytes(4 * (NUMBERS - 8)))


@raises(kinds.WEIGHTS_TOO_LONG)
def _() -> str:
    return refused(NET + CONV, struct.pack("<3iQ", 0, 2, 0, 0) + bytes(4 * (NUMBERS + 255)))


@raises(kinds.WEIGHTS_HEADER)
def _() -> str:
    darknet(NET + CONV)
    numbers = Path("net.weights").read_bytes()[20:]
    return refused(NET + CONV, numbers)


@raises(kinds.CLASS_TREE)
def _() -> str:
    return refused(NET + CONV + "[softmax]\ntree=9k.tree\n")
