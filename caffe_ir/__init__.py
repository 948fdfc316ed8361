"""The middle of the house: nets, layers, passes, targets, and the files of Caffe."""
