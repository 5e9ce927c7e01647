#!/usr/bin/env python3
"""torch's load_state_dict() takes a file of save(), and its module gives the same outputs.

usage: saved.py SAVE_NET
"""
import os
import subprocess
import sys
import tempfile
from collections import OrderedDict

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tensor_file
import torch
from torch import nn

network = nn.Sequential(OrderedDict([
    ("conv", nn.Conv2d(2, 6, 3, stride=2, padding=1)), ("norm", nn.BatchNorm2d(6)),
    ("relu", nn.ReLU()), ("depthwise", nn.Conv2d(6, 6, 3, groups=6, bias=False)),
    ("tanh", nn.Tanh()), ("flatten", nn.Flatten()), ("fc", nn.Linear(6 * 4 * 3, 4))]))
with tempfile.TemporaryDirectory() as folder:
    weights, answers = (os.path.join(folder, name) for name in ("weights", "answers"))
    subprocess.run([sys.argv[1], weights, answers], check=True)
    network.load_state_dict(tensor_file.read(weights))  # strict: all names and shapes
    told = tensor_file.read(answers)
with torch.no_grad():
    y = network.eval()(told["x"])
error = ((told["y"] - y).abs().max() / y.abs().max()).item()
print(f"largest difference {error:.2g} of the largest output")
sys.exit(0 if error < 1e-5 else 1)
