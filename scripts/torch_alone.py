"""What torch itself does of a conversion, in none of our code: a process that scripts/benchmark_torch measures.

    python scripts/torch_alone.py SOURCE SHAPE [WEIGHTS]   import torch, make or open the model, export it
    python scripts/torch_alone.py SOURCE SHAPE --save STEM write the model in every form, and print its weights' bytes

SOURCE is file.py:function or a .pt2, which is a program already.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import torch


def made(source: str) -> torch.nn.Module:
    """The module that file.py:function returns, with torch's seed 0."""
    file, _, name = source.rpartition(":")
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None
    assert spec.loader is not None
    holder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(holder)
    torch.manual_seed(0)
    module: torch.nn.Module = getattr(holder, name)()
    return module.eval()


def fill(module: torch.nn.Module, weights: str) -> None:
    """Put the tensors of a file in the place of the module's own, without copying them."""
    if weights.endswith(".safetensors"):
        from safetensors.torch import load_file

        tensors = load_file(weights)
    else:
        tensors = torch.load(weights, map_location="cpu", mmap=True, weights_only=True)
    module.load_state_dict(tensors, assign=True)


def exported(module: torch.nn.Module, shape: str) -> torch.export.ExportedProgram:
    example = torch.zeros(tuple(map(int, shape.split("x"))))
    with torch.no_grad():
        return torch.export.export(module, (example,), strict=False)


def save(module: torch.nn.Module, shape: str, stem: str) -> None:
    from safetensors.torch import save_file

    state = module.state_dict()
    torch.save(state, f"{stem}.pth")
    save_file(state, f"{stem}.safetensors")
    torch.export.save(exported(module, shape), f"{stem}.pt2")
    print(sum(tensor.nbytes for tensor in state.values() if tensor.is_floating_point()))


def main(source: str, shape: str, *rest: str) -> None:
    if source.endswith(".pt2"):
        torch.export.load(source)
        return
    module = made(source)
    if rest[:1] == ("--save",):
        save(module, shape, rest[1])
        return
    for weights in rest:
        fill(module, weights)
    exported(module, shape)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
