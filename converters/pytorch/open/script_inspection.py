"""A TorchScript archive inspected before torch opens it: whether its programs reach further than tensors.

TorchScript is not Python, but opening it runs some of it: the defaults of arguments are computed, and so are constants
of classes and each `__setstate__`. Two of its operations make files and write into them (`aten::save`,
`aten::from_file` with shared=True), and its compiled classes load libraries. Files that use none of these compute with
tensors alone, whatever else they do. Words are looked for in the text itself, comments and strings included, as names
cannot be spelled otherwise; the rest by Python's own tokens.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

import torch

from converters.pytorch.open.archive_numbers import check_positions, checked_pickle
from converters.pytorch.open.known_operations import SPACES, takes_path
from converters.pytorch.open.zip_archive import Ambiguous, Damaged, ZipArchive, zip_archive
from converters.weights.unreadable import Unreadable

QUANTIZED = "torch.classes.quantized"
_CODE = re.compile(r"code/.+\.py", re.IGNORECASE)  # torch's reader knows no case
_OTHERS = re.compile(
    r"(code/.+\.debug_pkl)|((data|constants|extra|\.data|traced_inputs)/.+)|((data|constants|attributes|bytecode|"
    r"traced_inputs|mobile_debug_handles)\.pkl)|version|byteorder|\.\w+"
)
_CHARACTERS = re.compile(r"[\n\t\x20-\x7e]*")
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NAME_IN_QUOTES = re.compile(r"\"\w+\"|'\w+'", re.ASCII)
_SPACES = SPACES | {"prim"}


def faults_of_script(file: BinaryIO) -> list[str]:
    """Why a TorchScript archive may do more than compute; each goes on from `it`. None where it cannot.

    Raises Damaged, and OSError where the file cannot be read.
    """
    try:
        archive = zip_archive(file)
        found = list[str]()
        for name in archive.entries:
            inner = name.partition("/")[2]
            if _CODE.fullmatch(inner):
                faults = dict.fromkeys(_faults_of_code(archive.read(name)))
                found += [f"has {fault} in its entry {name}" for fault in faults]
            elif not _OTHERS.fullmatch(inner):
                found.append(f"has something unknown in its entry {name}")
            elif inner in ("data.pkl", "constants.pkl") or inner.endswith(".debug_pkl"):
                _check_pickle(archive, name)
        return found
    except Ambiguous as error:
        return [str(error)]


def _check_pickle(archive: ZipArchive, name: str) -> None:
    """Raise Damaged where a pickle makes more than stands in the archive, or refers to what does not."""
    tensors = name.removesuffix(".pkl")
    try:
        found = checked_pickle(archive.read(name), lambda key: archive.size(f"{tensors}/{key}"))
        if name.endswith(".debug_pkl"):
            check_positions(found)
    except Unreadable as error:
        raise Damaged(f"its entry {name} {error.what}") from None


def _faults_of_code(content: bytes) -> Iterator[str]:
    text = content.decode("latin-1")
    if not _CHARACTERS.fullmatch(text):
        yield "a program with characters that TorchScript does not write"
        return
    words = set(_WORD.findall(text))
    for word in sorted(words & _reaching()):
        yield f"a program that names {word}, which opens files,"
    if "__setstate__" in words:
        yield "a program that runs when it is opened, __setstate__,"
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        yield f"a program that cannot be read ({error})"
        return
    kinds = (tokenize.NAME, tokenize.OP, tokenize.STRING)
    yield from _faults_of_tokens([token.string for token in tokens if token.type in kinds])


def _faults_of_tokens(tokens: list[str]) -> Iterator[str]:
    around = zip(["", *tokens], tokens, [*tokens[1:], ""], [*tokens[2:], "", ""], strict=False)
    for place, (before, token, dot, name) in enumerate(around):
        if token == "torch" and (dot, name) == (".", "classes"):
            yield f"objects of compiled classes, {'.'.join([token, name, *tokens[place + 4 : place + 5]])},"
        elif token in ("torch", "ops") and before != "." and dot != ".":
            yield f"a program that hands {token} itself on"
        elif token == "ops" and before != "." and name not in _SPACES:
            yield f"a program with operations of {name}"
        elif token == "getattr" and not _NAME_IN_QUOTES.fullmatch(_last_argument(tokens, place + 1)):
            yield "a program that looks up names in an uncommon way"


def _last_argument(tokens: list[str], begin: int) -> str:
    """Behind the last comma in the brackets that begin at a token, joined."""
    depth, argument = 0, ""
    for token in tokens[begin:]:
        depth += (token in "([{") - (token in ")]}")
        if depth == 0:
            return argument
        argument = "" if token == "," and depth == 1 else argument + token
    return ""


@cache
def _reaching() -> frozenset[str]:
    """The names of all operations, of PyTorch and of what is loaded, that take the path of a file."""
    schemas = torch._C._jit_get_all_schemas()
    return frozenset(schema.name.partition("::")[2] for schema in schemas if takes_path(schema))
