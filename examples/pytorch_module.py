import torch

from converters.model import from_pytorch

module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU()).eval()
model = from_pytorch(module, (torch.zeros(1, 3, 16, 16),), name="small")
model.write("small")
print(model.verify("small", engines=["opencv"]).verdict)
