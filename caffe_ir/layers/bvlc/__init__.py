"""The layer types of BVLC Caffe, master included: `targets` say which release has which."""
