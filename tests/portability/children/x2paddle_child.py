"""X2Paddle, then PaddlePaddle. Run as a file: x2paddle_child.py JOB.json

What X2Paddle writes, code and weights, is run as it is; it is not made a static graph.
"""

from __future__ import annotations

import sys
from inspect import signature
from pathlib import Path

import paddle
from job import finish, opened
from x2paddle.convert import caffe2paddle
from x2paddle.core.program import PaddleGraph

job = opened()
folder = Path(job["folder"], "paddle")
PaddleGraph.dygraph2static = lambda *arguments, **keywords: None
caffe2paddle(job["prototxt"], job["caffemodel"], str(folder), None, disable_feedback=True)
sys.path.insert(0, str(folder))
import x2paddle_code  # noqa: E402

(kind,) = (one for one in vars(x2paddle_code).values() if isinstance(one, type) and issubclass(one, paddle.nn.Layer))
net = kind()
net.set_dict(paddle.load(str(folder / "model.pdparams")))
net.eval()
taken = list(signature(net.forward).parameters)  # no input of which nothing but the size is read
feeds = [job["feeds"][name] for name in taken] if job["feeds"].keys() >= set(taken) else job["feeds"].values()
found = net(*map(paddle.to_tensor, feeds))
finish(job, [one.numpy() for one in (found if isinstance(found, (tuple, list)) else [found])])
