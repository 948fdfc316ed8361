from converters.model import from_darknet

model = from_darknet("yolov3-tiny.cfg", "yolov3-tiny.weights")
written = model.write("deploy", target="opencv", fold_bn=True)
print(written.prototxt, [head.name for head in model.heads])
print(model.verify("deploy").verdict)
