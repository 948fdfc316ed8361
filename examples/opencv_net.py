import json
from pathlib import Path

import cv2

net = cv2.dnn.readNetFromCaffe("deploy.prototxt", "deploy.caffemodel")
facts = json.loads(Path("deploy.heads.json").read_text())["input"]
picture = cv2.imread("dog.jpg")
height, width = facts["size"]
blob = cv2.dnn.blobFromImage(picture, 1 / 255, (width, height), swapRB=True)
net.setInput(blob)
maps = net.forward(["conv_29", "conv_36"])
print([one.shape for one in maps])
