"""Pictures: read from files, brought to the size of a net's input, and drawn upon."""
