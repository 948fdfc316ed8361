"""OpenCV. Run as a file: opencv_child.py JOB.json"""

from __future__ import annotations

import cv2
from job import finish, opened

job = opened()
net = cv2.dnn.readNetFromCaffe(job["prototxt"], job["caffemodel"])
net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
for name, array in job["feeds"].items():
    net.setInput(array, name)
found = net.forwardAndRetrieve([layer for layer, _, _ in job["wanted"]])
places = zip(found, job["places"], strict=True)
finish(job, [tops[place] if place < len(tops) else [] for tops, place in places])  # places of maxima may be left out
