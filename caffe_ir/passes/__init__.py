"""Rewrites of a net until its target holds every layer: one idea a file, in the order of pipeline.py."""
