"""Are two nets the same? Their values side by side, layer by layer."""
