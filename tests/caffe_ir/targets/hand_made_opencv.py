"""Hand-made nets that OpenCV alone was tried with: what it does, in the words of the table, and the net."""

from __future__ import annotations

OPENCV = {
    # zoom_factor counts before height and width, and the rest of interp_param is ignored.
    "interp_shrink2": ("-", "y = Interp data | shrink_factor: 2"),
    "interp_shrink2_zoom1": ("WRONG", "y = Interp data | shrink_factor: 2 zoom_factor: 1"),
    "interp_shrink2_zoom3": ("WRONG", "y = Interp data | shrink_factor: 2 zoom_factor: 3"),
    "interp_hw_zoom1": ("WRONG", "y = Interp data | height: 6 width: 5 zoom_factor: 1"),
    "interp_hw_shrink1": ("ok", "y = Interp data | height: 6 width: 5 shrink_factor: 1 pad_beg: 0"),
    "interp_hw_pad": ("WRONG", "y = Interp data | height: 9 width: 7 pad_beg: -1 pad_end: -2"),
    "interp_zoom2_pad": ("WRONG", "y = Interp data | zoom_factor: 2 pad_beg: -1"),
}
