"""Chips whose vendors publish no list of layers: nets for them are kept to what all engines compute that we tried."""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.targets.portable import PORTABLE

AMBARELLA = replace(
    PORTABLE,
    name="ambarella",
    title="Ambarella CVflow",
    evidence="document",
    listed=False,
    source="no public list; the layers are those of the target portable",
)
NOVATEK = replace(
    PORTABLE,
    name="novatek",
    title="Novatek NT9852x, NT9856x, NT9832x",
    evidence="document",
    listed=False,
    source="no public list (distributor's note: Caffe models only, no Swish, no DummyData); otherwise as portable",
)
