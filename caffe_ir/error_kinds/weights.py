"""Errors in files of weights by name: PyTorch, NumPy, safetensors."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

DAMAGED = Kind(
    code="TC0301",
    title="The weights file is damaged",
    why="Its contents contradict themselves: a pickle that cannot be followed, an archive whose parts overlap, a "
    "header that is not valid. tocaffe reads nothing from such a file.",
    remedy="Download or save the file again, and compare its size or checksum with the original's.",
    example="model.safetensors has a header that is not JSON: Expecting value at character 21\n"
    "    -> download the file again, or save it again",
)
CUT_SHORT = Kind(
    code="TC0302",
    title="The weights file is cut short",
    why="Its header describes more bytes than follow: an interrupted download or a full disk.",
    remedy="Download or save the file again.",
    example="model.safetensors is cut short: its tensors take 48 bytes, and 20 follow the header\n"
    "    -> download the file again, or save it again",
)
BEYOND_LIMITS = Kind(
    code="TC0303",
    title="The weights file is beyond a limit",
    why="Files of strangers are read within limits of size, depth and number of parts, so that a small file cannot "
    "fill the memory. No usual model comes near them.",
    remedy='Save the weights alone: `torch.save(model.state_dict(), "weights.pth")`.',
    example="bomb.pth has a tensor of shape (1099511627776,) made of 1 number: conv1.weight (a tensor that "
    "repeats its numbers may have 16,777,216)\n    -> save it as it is used",
)
NOT_WEIGHTS = Kind(
    code="TC0304",
    title="The file has no weights by name",
    why="It is a program (TorchScript, `.pt2`), a single array, or a file of another format.",
    remedy='Give a state_dict: `torch.save(model.state_dict(), "weights.pth")`, or a `.safetensors` or `.npz` file.',
    example="model.pt2 is an exported program (.pt2), not weights\n    -> save model.state_dict()",
)
FORM_NOT_READ = Kind(
    code="TC0305",
    title="The weights are stored in a form that is not read",
    why="The file is compressed, encrypted, big-endian or has a type of numbers without a counterpart in float32.",
    remedy="Load it with the program that wrote it, and save it again as float32.",
    example="model.pth was written on a big-endian machine\n    -> load it with torch.load and save it again",
)
SEVERAL_SETS = Kind(
    code="TC0306",
    title="The checkpoint has several sets of weights",
    why="Training frameworks save the model, its moving average and more in one file. They differ, and only you know "
    "which one is meant.",
    remedy="Name it: `--weights-key ema.module`, for example; the message lists the keys.",
    example="the checkpoint has 2 sets of weights that fit: model, ema (they may differ, and only you know which "
    "one you mean)\n    -> choose, for example with --weights-key model",
)
NO_SUCH_SET = Kind(
    code="TC0307",
    title="The checkpoint has no weights under that key",
    why="`--weights-key` names a part that the checkpoint does not have, or one without tensors.",
    remedy="`convert dump FILE` lists what the file has.",
    example="the checkpoint has no weights under ema (it is one itself, with none inside)\n"
    "    -> leave --weights-key out",
)
