"""Operations that compute from tensors may be named in a file; what reaches further may not."""

from __future__ import annotations

import pytest

from converters.pytorch.aten import HANDLERS
from converters.pytorch.open.known_operations import FUNCTIONS, fault_of_operation


def test_all_that_there_are_handlers_for() -> None:
    assert [op for op in HANDLERS if fault_of_operation(f"torch.ops.{op}")] == []


@pytest.mark.parametrize(
    "target",
    [
        *("torch.ops.aten.sym_size.int", "torch.ops.aten.item.default", "torch.ops.aten.einsum.default"),
        *("torch.ops.aten._assert_async.msg", "torch.ops.aten.lift_fresh_copy.default", "torch.ops.aten.relu_.default"),
        *("torch.ops.prims.convert_element_type.default", "torch.ops.higher_order.cond", "_operator.getitem"),
        *("math.trunc", "torch.sym_max", "torch.ops.aten.no_such_operation.default"),
    ],
)
def test_what_torch_export_writes(target: str) -> None:
    assert fault_of_operation(target) == ""


@pytest.mark.parametrize(
    "target",
    [
        *("torch.os.system", "torch.load", "torch.hub.load", "torch.ops.load_library", "torch.ops.aten.conv2d.op"),
        *("torch.ops.aten.conv2d", "torch.ops.aten.from_file.default", "torch.ops.aten.from_file.out"),
        *("torch.ops.aten.save.default", "torch.ops.aten.set_.source_Storage", "torch.ops.image.write_file.default"),
        *("torch.ops.c10d.send.default", "torch.ops.higher_order.print", "torch.ops.higher_order.call_torchbind"),
        *("torch.ops.aten.conv2d.__class__", "_operator.attrgetter"),
        *("_operator.methodcaller", "math.factorial", "#library:op", "os.system", "", "torch.ops.aten.add.str"),
        *("torch.ops.aten.conv2d.default\n", "torch.ops.debugprims.load_tensor.default"),
    ],
)
def test_what_reaches_further(target: str) -> None:
    assert fault_of_operation(target)


def test_the_names_of_functions_are_torchs_own() -> None:
    """What the serializer writes for sizes is all known."""
    from torch._export.serde.serialize import _SYM_OPS

    spelled = {f"{function.__module__}.{function.__name__}" for function in _SYM_OPS}
    assert [name for name in spelled if not FUNCTIONS.fullmatch(name)] == []
