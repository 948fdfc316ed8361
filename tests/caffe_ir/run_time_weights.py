"""A net of Caffe that writes weights at run time, as a product of two activations is written: y is data times x."""

from __future__ import annotations

RUN_TIME = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 1 dim: 1 } } }
layer {
  name: "w" type: "Parameter" top: "w" param { name: "w" }
  parameter_param { shape { dim: 2 dim: 3 dim: 1 dim: 1 } }
}
layer { name: "write" type: "Eltwise" bottom: "w" bottom: "x" top: "w" eltwise_param { coeff: 0 coeff: 1 } }
layer { name: "silence" type: "Silence" bottom: "w" }
layer {
  name: "y" type: "Convolution" bottom: "data" top: "y" param { name: "w" }
  convolution_param { num_output: 2 kernel_size: 1 bias_term: false }
}
layer { name: "z" type: "ELU" bottom: "y" top: "z" }
"""
