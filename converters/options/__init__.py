"""What can be asked of a conversion, each option declared once: commands, manifests and `verify` are made of this."""

from __future__ import annotations

from converters.options.caffe import CaffeOptions
from converters.options.caffe_source import CaffeSourceOptions
from converters.options.darknet import DarknetOptions
from converters.options.declared import Declared, Kind, Option, declared, size_of, spelled
from converters.options.model import ModelKeys
from converters.options.output import OutputOptions
from converters.options.pictures import PictureOptions
from converters.options.pytorch import PyTorchOptions
from converters.options.stated import filled, recovered, stated, without_folders
from converters.options.verify import VerifyOptions

__all__ = [
    "CaffeOptions",
    "CaffeSourceOptions",
    "DarknetOptions",
    "Declared",
    "Kind",
    "ModelKeys",
    "Option",
    "OutputOptions",
    "PictureOptions",
    "PyTorchOptions",
    "VerifyOptions",
    "declared",
    "filled",
    "recovered",
    "size_of",
    "spelled",
    "stated",
    "without_folders",
]
