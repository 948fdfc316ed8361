"""Errors while nets are compared or run on pictures."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

INPUTS_DIFFER = Kind(
    code="TC1001",
    title="The Caffe net and its source take different inputs",
    why="They are not the same net, or not for inputs of the same size. Nothing was compared.",
    remedy="Give the options that the net was converted with: `--input-size`, `--batch`, `--input`.",
    example="the Caffe net takes data 1x3x8x8, the source data 1x3x16x16 (they are not the same net, or not for "
    "inputs of the same size)\n"
    "    -> give the options that it was converted with (--input-size, --batch, --input)",
)
INPUT_FILE = Kind(
    code="TC1002",
    title="A file cannot be an input of the net",
    why="It is neither an array nor a picture, or its shape is not that of the input.",
    remedy="Give a picture, or an array as `.npy` (one input) or `.npz` (several, by name).",
    example="x.npy is (1, 3, 4, 4) where the input data is (1, 3, 8, 8)",
)
PICTURE = Kind(
    code="TC1003",
    title="A picture cannot be read",
    why="It is damaged, too large, or in a format that is not read. JPEG, PNG, BMP and WebP are.",
    remedy="Save it again as PNG, or make it smaller.",
    example="dog.jpg is not a picture that can be read (it begins as a GIF; JPEG, PNG, BMP and WebP are read)",
)
DESCRIPTION = Kind(
    code="TC1004",
    title="heads.json or input.json is wrong",
    why="The file beside the prototxt is damaged, was edited, or belongs to another net.",
    remedy="Convert the model again, or correct the file: [heads.json](../heads-json.md).",
    example="deploy.heads.json does not describe a net's outputs (Expected `array`, got `int` - at `$.heads`)\n"
    "    -> `convert darknet` and `convert pytorch --output-is` write this file beside the prototxt",
)
UNKNOWN_PREPROCESSING = Kind(
    code="TC1005",
    title="It is not known how a picture becomes the input",
    why="Neither `heads.json` nor `input.json` is beside the prototxt, or the net takes no picture, or several.",
    remedy="`convert darknet` writes both; `convert pytorch` and `convert caffe` write `input.json` with `--mean` and "
    "the like. For a net that another program trained you can write `input.json` yourself: the error says how.",
    example="it is not known how a picture becomes the input (neither deploy.heads.json nor deploy.input.json is "
    "beside the prototxt)\n"
    "    -> `convert darknet`, `convert pytorch --mean ...` and `convert caffe --mean ...` write it; for a net that "
    "another program trained, write deploy.input.json as it takes pictures, here as most of Caffe's: "
    '{"size": [64, 64], "order": "BGR", "layout": "planar (N, C, H, W)", "mean": [104, 117, 123], "scale": 1, '
    '"resize": "bilinear, corners aligned", "fit": "stretch"}',
)
ENGINE = Kind(
    code="TC1006",
    title="The engine cannot run the net",
    why="The engine is not installed, refuses the files, or ends with an error.",
    remedy="Choose another one: `--engine embedded` is always there. `convert check` says which layers an engine "
    "refuses.",
    example="pycaffe cannot be imported: build Caffe with scripts/bvlc_caffe, or `make pycaffe`, and put its python "
    "folder on PYTHONPATH\n"
    "    -> or take --engine embedded, which is always there",
)
NO_DECODER = Kind(
    code="TC1007",
    title="The outputs cannot be decoded",
    why="The net has no detection head, one of a fork that is not known, or heads.json is that of another net.",
    remedy="Use the `heads.json` that was written with the net.",
    example="yolov5: the anchors of 1 map are needed, and no module has them\n"
    "    -> --anchors 10,13,16,30,33,23/30,61,62,45,59,119/116,90,156,198,373,326 as the model's yaml "
    "has them",
)
CLASS_NAMES = Kind(
    code="TC1008",
    title="The list of names does not fit the net",
    why="One line names one class, and their numbers differ.",
    remedy="Give the list that the net was trained with (`coco.names` has 80 lines, `voc.names` 20).",
    example="coco.names has 80 names, the net 2 classes (one line names one class)\n"
    "    -> is it the list of another net?",
)
NETS_DIFFER = Kind(
    code="TC1009",
    title="The converted net differs from its source",
    why="`convert batch` with `verify = true` compares each net before its files are written. A value differs by more "
    "than rounding explains, or nothing could be compared.",
    remedy="Look at the report. Please report it as a fault of tocaffe; `verify = false` writes the files all the "
    "same.",
    example="verify: differs\n    -> its files were not written; `verify = false` in its table writes them anyway",
)
SIDE_FILE = Kind(
    code="TC1010",
    title="A tool's files cannot say what the net needs",
    why="`--side-files` writes for each tool how a picture becomes the input. This tool has no way to say it exactly: "
    "it has one scale for all channels, for example, or no negative means.",
    remedy="`--input-is u8-rgb` or `u8-bgr` puts the preprocessing into the net, so that the tool has nothing left to "
    "do; or leave the tool out.",
    example="--side-files acuity: the channels are scaled by 0.0171248, 0.017507, 0.0174292 (it has one scale "
    "for all channels)\n"
    "    -> convert with --input-is u8-rgb or u8-bgr: order, mean and scale then go into the first "
    "layer, exactly",
)
INPUT_VALUES = Kind(
    code="TC1011",
    title="The net cannot be run on these inputs",
    why="An Embed takes rows of a table by their numbers, a BatchReindex images. An input names one that is not there, "
    "for which Caffe reads whatever lies in memory, or stops.",
    remedy="Give inputs that the net was made for: `convert verify` takes them with `--input`. Without it, inputs that "
    "are such numbers are 0 and 1, and other inputs are noise.",
    example="deploy.prototxt:2 Embed: words: an index lies outside 0 to 9\n"
    "    -> give inputs that the net was made for: --input FILE.npz",
)
