"""Errors while a PyTorch model is opened, before anything of it is converted."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

NO_FUNCTION = Kind(
    code="TC0401",
    title="The function that makes the model is not found",
    why="`FILE.py:function` or `package.module:function` names a file, module or function that does not exist, or that "
    "cannot be imported from this folder.",
    remedy="Check the spelling after the colon, and run `convert` where Python can import the module.",
    example="nets.py has no function resnet34 (it has resnet18, resnet50, resnet, trained, meta, quantized, "
    "Free, free)\n    -> did you mean resnet or resnet18 or resnet50?",
)
FUNCTION_FAILED = Kind(
    code="TC0402",
    title="Your code raised an exception",
    why="Importing the file, or calling the function that makes the model, failed. The lines of your code are below "
    "the message.",
    remedy="Call the function in Python by itself. A path relative to another folder and a GPU that is not there are "
    "common causes.",
    example='nets.py:trained raised FileNotFoundError\n  File "/models/nets.py", line 19, in trained\n'
    '    net.load_state_dict(torch.load("best.pth"))\n'
    "FileNotFoundError: [Errno 2] No such file or directory: 'best.pth'",
)
NOT_A_MODEL = Kind(
    code="TC0403",
    title="What was given is not a model",
    why="A `torch.nn.Module`, or what `torch.export.export` returned, is needed.",
    remedy="Let the function return the module itself, not its class, its weights or a wrapper.",
    example="nets.py:resnet returned a value of type dict, which is not a model\n"
    "    -> it must return the model itself, a torch.nn.Module",
)
FUNCTION_ARGUMENTS = Kind(
    code="TC0404",
    title="The function cannot be called with these arguments",
    why="It needs a value that was not given, or `--arg` names one that it does not have.",
    remedy="Give each value as `--arg NAME=VALUE`.",
    example="nets.py:resnet50 needs a value for depth\n    -> give --arg depth=VALUE",
)
EXAMPLE_INPUTS = Kind(
    code="TC0405",
    title="The example inputs do not fit the model",
    why="The number, the names or the shapes of the inputs differ from what the model takes, or an input cannot be "
    "read.",
    remedy="Give one `--input` for each input, in order or by name: `--input 1x3x224x224`, `--input ids=1x16:int64`.",
    example="'224,224' is not an input (it is not [name=]NxCxHxW[:dtype])\n    -> did you mean --input 224x224?",
)
OPEN_SIZE = Kind(
    code="TC0406",
    title="An input of the program has no fixed size",
    why="The `.pt2` was exported with dynamic shapes. A Caffe net has one size for every blob.",
    remedy="Give the size that the net should have: `--input NAME=1x3x224x224`.",
    example="axis 0 of the input x has no fixed size (s77) (a Caffe net has one size for every blob)\n"
    "    -> give an example input of the size you want, as --input x=2x3",
)
CANNOT_OPEN = Kind(
    code="TC0407",
    title="PyTorch cannot open the file",
    why="The file is damaged, belongs to another version of PyTorch, or needs classes that are not installed.",
    remedy="Export the model again from its source with the installed version, `torch.export.save`.",
    example="cannot open model.pt (the pickle names a class that is not there: No module named 'gone')\n"
    "    -> run it where the model's code can be imported, or give a factory",
)
CODE_IN_FILE = Kind(
    code="TC0408",
    title="Opening the file would run code from it",
    why="A pickled module runs whatever its author put into it, and so can an archive that is not as PyTorch writes "
    "it. tocaffe runs no code out of a model file: see SECURITY.md.",
    remedy="Save the weights (`state_dict`) and give the function that makes the model, or export a `.pt2`. "
    "`--trust-pickle` opens the file if you trust who made it as you trust a program.",
    example="model.pt holds more than tensors, and is not opened for a model (it is a pickle with Python objects "
    "inside, torch.nn.modules.activation.ReLU for one)\n"
    "    -> give package.module:function or path/to/file.py:function that returns the model, with "
    "--weights model.pt; if you trust where the file comes from, --trust-pickle opens it as it is",
)
WEIGHTS_DO_NOT_FIT = Kind(
    code="TC0409",
    title="The checkpoint does not fit the model",
    why="Names or shapes differ between the checkpoint and the module that the function returned; every difference is "
    "listed. Nothing is loaded partly.",
    remedy="Make the variant that was trained (`--arg NAME=VALUE`: number of classes, depth), or choose the right set "
    "of weights with `--weights-key`.",
    example="wrong shape: weight is (4, 3, 5, 5) where the model has (4, 3, 3, 3)",
)
NO_PROGRAM = Kind(
    code="TC0410",
    title="The file has weights but no program",
    why="A state_dict has numbers by name, but not what is computed with them.",
    remedy="Give the function that makes the model and the file: `convert pytorch FILE.py:function --weights "
    "weights.pth`, or a prototxt for it: [a checkpoint into a prototxt](../../how-to/checkpoint.md).",
    example="weights.pth holds weights alone (a state_dict has numbers by name, but not what is computed with "
    "them)\n"
    "    -> give package.module:function or path/to/file.py:function that returns the model, with "
    "--weights weights.pth",
)
PLUGIN = Kind(
    code="TC0411",
    title="A plugin does not have the right form",
    why="`--plugin FILE.py` needs a table `HANDLERS` from names of operations to functions.",
    remedy="See [an operation of your own](../../how-to/plugin.md).",
    example='plugin.py has no HANDLERS\n    -> give it HANDLERS = {"mylib::op": function}',
)
QUANTIZED_MODEL = Kind(
    code="TC0412",
    title="The model is quantized",
    why="Its weights are integers packed for one engine. A Caffe net computes in floating point.",
    remedy="Convert the model as it was before. The tool chains that read Caffe quantize the Caffe net themselves.",
    example="the module model is quantized (the weights are integers packed for one engine, and a Caffe net "
    "computes in floating point)\n"
    "    -> convert the model as it was before; Caffe's tool chains quantize the Caffe net themselves",
)
NO_NUMBERS = Kind(
    code="TC0413",
    title="Weights of the model have no numbers yet",
    why="They were made on the device `meta`, or by a lazy module that has not run.",
    remedy="Load the weights first (`load_state_dict(..., assign=True)` or `--weights FILE`), or run a lazy module "
    "once.",
    example="2 tensors (weight, bias) are without numbers (made on the device meta, they have only shapes)\n"
    "    -> load the weights first (load_state_dict with assign=True, or --weights FILE)",
)
SEVERAL_MODELS = Kind(
    code="TC0414",
    title="The file holds several models",
    why="The pickle is a table of modules, and it does not say which one is meant.",
    remedy="Load the file in Python and convert the one that you mean.",
    example="gan.pt holds 2 models: generator, discriminator\n"
    "    -> load the file in Python and convert the one that you mean",
)
