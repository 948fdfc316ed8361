"""Caffe's messages: `caffe.proto`, written by us, and `caffe_pb2`, generated from it by scripts/compile_proto."""
