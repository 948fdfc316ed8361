"""The files of Caffe, both ways: prototxt and caffemodel, and the care with which files are replaced."""

from __future__ import annotations
