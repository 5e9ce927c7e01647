#!/usr/bin/env python3
"""torchvision's ResNets through tools/torch_to_safetensors.py and `etch import`: the same outputs.

usage: state_dicts.py ETCH RUN_MODEL SOURCE_ROOT
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tensor_file
import torch
import torchvision

ETCH, RUN_MODEL, ROOT = sys.argv[1:]
TOLERANCE = 1e-5  # of the largest output


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != status:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def randomize(network):
    """Running statistics and affine numbers as training would leave them: not 0 and 1."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
            torch.nn.init.normal_(module.bias, 0, 0.2)


def compare(name, folder):
    torch.manual_seed(1)
    network = getattr(torchvision.models, name)(weights=None).eval()
    randomize(network)
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        want = network(x)
    pth, state_dict, model, given, got = (
        os.path.join(folder, f) for f in ("m.pth", "m.safetensors", "etch.safetensors", "x", "y"))
    torch.save(network.state_dict(), pth)
    run(sys.executable, os.path.join(ROOT, "tools", "torch_to_safetensors.py"), pth, state_dict)
    said = run(ETCH, "import", state_dict, "--model", name, "-o", model)
    assert said.startswith(f"{name}-imagenet: "), said
    tensor_file.write(given, {"x": x})
    run(RUN_MODEL, f"{name}-imagenet", model, given, got)
    y = tensor_file.read(got)["y"]
    error = ((y - want).abs().max() / want.abs().max()).item()
    print(f"{name}: largest difference {error:.2g} of the largest output")
    return error < TOLERANCE


def refuses(folder):
    """A state dict that doesn't fit: everything wrong is said at once, and nothing is written."""
    tensors = torchvision.models.resnet18(weights=None).state_dict()
    del tensors["layer1.0.bn1.bias"]
    tensors["layer9.weight"] = torch.zeros(2, 3)
    tensors["fc.weight"] = torch.zeros(10, 512)
    path, output = os.path.join(folder, "bad.safetensors"), os.path.join(folder, "none.safetensors")
    tensor_file.write(path, tensors)
    said = run(ETCH, "import", path, "--model", "resnet18-imagenet", "-o", output, status=1)
    for line in ("layer1.0.bn1.bias: is missing; the network has [64]",
                 "layer9.weight: is [2, 3], but the network has no such tensor",
                 "fc.weight: is [10, 512], but the network has [1000, 512]"):
        assert line in said, said
    return not os.path.exists(output)


with tempfile.TemporaryDirectory() as folder:
    results = [compare(name, folder) for name in ("resnet18", "resnet50", "resnet101")]
    results.append(refuses(folder))
sys.exit(0 if all(results) else 1)
