"""OpenCV. Run as a file: opencv_child.py JOB.json"""

from __future__ import annotations

import cv2
from job import finish, opened

job = opened()
net = cv2.dnn.readNetFromCaffe(job["prototxt"], job["caffemodel"])
net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
for name, array in job["feeds"].items():
    net.setInput(array, name)
finish(job, net.forward([layer for layer, _, _ in job["wanted"]]))
