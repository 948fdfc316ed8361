"""Errors of `convert batch`."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

NO_MANIFEST = Kind(
    code="TC1101",
    title="The manifest cannot be read",
    why="It is not valid TOML, or not UTF-8.",
    remedy="Correct the line that the message names. `convert batch --init FOLDER` writes a manifest for a folder.",
    example="models.toml is not valid TOML: Invalid value (at line 2, column 7)",
)
MANIFEST_KEY = Kind(
    code="TC1102",
    title="A key of the manifest is wrong",
    why="It is unknown, has a value of another type, or does not belong to this kind of model.",
    remedy="[Manifest keys](../manifest.md) has all of them with their values.",
    example="models.toml:3: [yolov3] unknown key wieghts\n    -> did you mean weights or weights_key?",
)
NO_MODEL = Kind(
    code="TC1103",
    title="There is nothing to convert",
    why="The manifest, or the folder, has no `.cfg` with its `.weights`, no `.prototxt` with its `.caffemodel`, and no "
    "`.pt2`.",
    remedy="Give a manifest (`.toml`), a folder with models, or files.",
    example="there is no model in models\n"
    "    -> a model is NAME.cfg with NAME.weights, NAME.prototxt with NAME.caffemodel, or NAME.pt2",
)
ANOTHER_BATCH = Kind(
    code="TC1104",
    title="Another batch works on this manifest",
    why="Two at once would write the same files.",
    remedy="Wait for it, or end it; what it has done is not done again.",
    example="another batch is at work on this manifest (/models/models.state.jsonl)\n"
    "    -> wait for it, or end it; what it has done is not done again",
)
NO_SCHEDULER = Kind(
    code="TC1105",
    title="No Dask scheduler answers",
    why="`--scheduler ADDRESS` names a scheduler that cannot be reached.",
    remedy="Start one with `dask scheduler` and its workers with `dask worker ADDRESS`, or leave the option out.",
    example="no Dask scheduler answers at tcp://127.0.0.1:1 (Timed out trying to connect to tcp://127.0.0.1:1 "
    "after 10 s)\n    -> start one with `dask scheduler`, and its workers with `dask worker ADDRESS`",
)
STOPPED = Kind(
    code="TC1106",
    title="The conversion of one model was stopped",
    why="It took longer than `--timeout`, its process was ended (often by the system, for lack of memory), or the "
    "batch was interrupted. The other models are not affected.",
    remedy="Run the batch again: only what is missing is done. Allow more time, or fewer processes with `--jobs`.",
    example="stopped after 0.01 s (--timeout)",
)
