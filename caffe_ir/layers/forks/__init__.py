"""Layer types that forks of Caffe and readers of its files have, and no BVLC Caffe: a target says who has which."""
