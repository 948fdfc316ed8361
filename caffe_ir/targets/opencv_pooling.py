"""What OpenCV gets wrong of a Pooling, with the places of its maxima and without."""

from __future__ import annotations

from caffe_ir.targets import cases, net_cases, window_cases
from caffe_ir.targets.limits import Never, Only

WINDOWS = (
    window_cases.LARGER_THAN_THE_MAP,
    Only(
        field="round_mode",
        values=("CEIL",),
        silent=True,
        source="trial y_floor_both_fields_hw",
        unless=window_cases.rounds_to_the_same,
    ),
    Never(
        text="a maximum over no cell is another number than Caffe's",
        where=window_cases.maximum_of_nothing,
        silent=True,
        source="trial MAX of 2 x 2 cells at a stride of 3 on 5 x 9",
    ),
    Never(
        text="an axis without padding keeps a window behind the image where the other axis is padded",
        where=window_cases.window_behind,
        silent=True,
        source="trial MAX of 3 x 1 cells at a stride of 1 x 2 and a pad of 1 x 0 on 8 x 8",
    ),
)
PLACES = (
    *WINDOWS,
    Never(
        text="the places of its maxima, which no layer reads, are left out",
        where=cases.always,
        silent=True,
        unless=net_cases.reads_places,
        source="trials pool_max_places and pool_max_places_beside with 4.14: `forward` gives the maxima alone, and "
        "`forwardAndRetrieve` too where a layer reads these",
    ),
)
