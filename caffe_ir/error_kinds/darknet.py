"""Errors in the files of a Darknet net."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

NOT_A_CFG = Kind(
    code="TC0201",
    title="The file is not a Darknet cfg",
    why="The first file has no section `[net]`, is binary, or is a file of another kind. Often the weights were given "
    "first.",
    remedy="The order is `convert darknet NET.cfg NET.weights`. A cfg is a text file that begins with `[net]`.",
    example="net.weights is not a cfg, and net.cfg looks like one\n    -> the cfg comes first, then the weights",
)
CFG_SYNTAX = Kind(
    code="TC0202",
    title="A line of the cfg is wrong",
    why="A section header is damaged, a line stands before `[net]`, or characters are not text. Darknet itself "
    "crashes on such lines or ignores them without a message.",
    remedy="Correct the line that the message names.",
    example="net.cfg:1: 'width=416' stands before any section (Darknet crashes)\n    -> a cfg begins with [net]",
)
UNKNOWN_SECTION = Kind(
    code="TC0203",
    title="The cfg has an unknown section",
    why="No Darknet has a section of this type. Darknet would make an empty layer of it and compute something else.",
    remedy="Correct the spelling. A section of your own fork needs a handler: "
    "[an operation of your own](../../how-to/plugin.md).",
    example="net.cfg:11 [convolutionall]: [convolutionall] is an unknown section (Darknet makes an empty layer "
    "of it)\n    -> did you mean [convolutional]? --until 0 converts what comes before it",
)
SECTION_NOT_CONVERTIBLE = Kind(
    code="TC0204",
    title="A section has no counterpart in Caffe",
    why="Darknet knows the section, but what it computes depends on earlier inputs, on chance, or on training. The "
    "[list of sections](../../supported/darknet.md) says which ones.",
    remedy="`--until N` converts the sections before it. A section that only matters in training can be removed.",
    example="net.cfg:11 [crnn]: [crnn] cannot be converted (it keeps a state from one input to the next, which a "
    "net without loops cannot)\n    -> --until 0 converts what comes before it",
)
WHICH_DARKNET = Kind(
    code="TC0205",
    title="The section or option belongs to the other Darknet",
    why="The original Darknet (pjreddie) and AlexeyAB's fork have different sections and compute some of them "
    "differently. tocaffe infers from the cfg and the weights' header which one is meant.",
    remedy="Choose with `--dialect darknet` or `--dialect alexeyab`.",
    example="net.cfg:11 [sam]: [sam] is unknown to the original Darknet (only AlexeyAB's Darknet has it)\n"
    "    -> --dialect alexeyab",
)
UNKNOWN_ACTIVATION = Kind(
    code="TC0206",
    title="The activation is not known",
    why="Darknet replaces an activation that it does not know by ReLU and prints a warning that is easily missed.",
    remedy="Correct the name. `--lenient` takes it for ReLU as Darknet does, if the net was trained so.",
    example="net.cfg:10 [convolutional]: the activation leakyy is unknown (Darknet takes it for relu and goes "
    "on)\n    -> did you mean leaky? correct the name, or take it for relu with --lenient",
)
SECTION_OPTION = Kind(
    code="TC0207",
    title="An option of a section cannot be converted",
    why="The value is impossible (a stride of 0, groups that do not divide the channels), Darknet computes nothing "
    "meaningful with it, or its versions disagree.",
    remedy="The message names the line. Compare the cfg with the one that the net was trained with.",
    example="net.cfg:14 [convolutional]: groups=3 must divide 4 channels and 4 filters",
)
SECTION_INPUT = Kind(
    code="TC0208",
    title="A section cannot read its input",
    why="The shape of what the section reads does not fit, or `layers=` or `from=` names a section that does not "
    "come before it.",
    remedy="Check `layers=`, `from=`, `filters=` and `classes=` near that line, and that all strides divide the "
    "input size.",
    example="net.cfg:12 [shortcut]: from=-5 (section -4) points before the first section",
)
INPUT_SIZE = Kind(
    code="TC0209",
    title="The net has no valid input size",
    why="`[net]` has no height, width and channels above 0, or the size given on the command line does not fit.",
    remedy="Set `height=`, `width=` and `channels=` in `[net]`, or give `--input-size HxW`.",
    example="net.cfg:1 [net]: height=0 width=8 channels=3 for 1 at once is not the size of an input\n"
    "    -> set height=, width= and channels= in [net], all above 0, or inputs= for a vector",
)
NOT_DARKNET_WEIGHTS = Kind(
    code="TC0210",
    title="The file is not a Darknet weights file",
    why="Its first bytes are those of another format, or its header is of no version that Darknet has written.",
    remedy="Download the file again; a saved web page is a common cause. A `.pt` or `.pth` file belongs to "
    "`convert pytorch`.",
    example="net.weights: is a web page (it is not a Darknet weights file)\n"
    "    -> it was saved in place of the file: download the file itself",
)
WEIGHTS_TOO_SHORT = Kind(
    code="TC0211",
    title="The weights file ends before the last layer",
    why="The cfg needs more numbers than the file has. Darknet would leave the remaining layers at random values "
    "without a message.",
    remedy="Use the cfg that the file was trained with (most often `classes=` and the `filters=` before each head "
    "differ), or download the file again. `--until N` converts the first layers of a file of pretrained ones.",
    example="net.cfg:5 [convolutional]: net.weights ends within the weights of conv_0: 32 bytes are missing (the "
    "cfg asks for 468 bytes, the file has 436; Darknet would go on with random weights)\n"
    "    -> is the file complete, and of this cfg?",
)
WEIGHTS_TOO_LONG = Kind(
    code="TC0212",
    title="The weights file has numbers after the last layer",
    why="The cfg needs fewer numbers than the file has. Then usually every layer reads the wrong numbers.",
    remedy="Use the cfg that belongs to the file. `--allow-trailing` ignores the rest, if you know what it is.",
    example="net.weights: 1020 bytes are left in net.weights after the last layer (the cfg asks for 468 bytes, "
    "the file has 1488)\n    -> is it the file of another cfg? --allow-trailing accepts it anyway",
)
WEIGHTS_HEADER = Kind(
    code="TC0213",
    title="The weights file has no header",
    why="Its length is exactly that of the numbers which the cfg needs, and it does not begin with a version.",
    remedy="`--header-bytes 0` reads it so.",
    example="net.weights: net.weights has no header (its size is exactly that of the numbers that the cfg asks "
    "for)\n    -> --header-bytes 0 reads it so",
)
CLASS_TREE = Kind(
    code="TC0214",
    title="The tree of classes cannot be read",
    why="`tree=` names a file that is not there or does not have a name and a number in each line.",
    remedy="Put the file (`9k.tree`, for example) where the message says it was looked for.",
    example="net.cfg:12 [softmax]: the file of tree=9k.tree is not found\n    -> looked for 9k.tree",
)
