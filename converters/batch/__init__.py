"""Many conversions as one piece of work: what a manifest asks for, done in processes here or on a cluster."""

from __future__ import annotations

from converters.batch.job import Job, Result
from converters.batch.manifest import Manifest, read_manifest
from converters.batch.run import run

__all__ = ["Job", "Manifest", "Result", "read_manifest", "run"]
