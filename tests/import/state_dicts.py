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
    assert said.startswith(f"{name}-imagenet: ") and "unchecked" not in said, said
    tensor_file.write(given, {"x": x})
    run(RUN_MODEL, f"{name}-imagenet", model, given, got)
    y = tensor_file.read(got)["y"]
    error = ((y - want).abs().max() / want.abs().max()).item()
    print(f"{name}: largest difference {error:.2g} of the largest output")
    return error < TOLERANCE


def flipped(folder):
    """The converter's checksum finds a flipped bit; other writers' files are said to have none."""
    torch.manual_seed(2)
    tensors = torchvision.models.resnet18(weights=None).state_dict()
    pth, path, output = (os.path.join(folder, f) for f in ("f.pth", "f.safetensors", "f.etch"))
    torch.save(tensors, pth)
    run(sys.executable, os.path.join(ROOT, "tools", "torch_to_safetensors.py"), pth, path)
    with open(path, "r+b") as file:
        file.seek(-1000, os.SEEK_END)
        bits = file.read(1)[0]
        file.seek(-1000, os.SEEK_END)
        file.write(bytes([bits ^ 1]))
    command = (ETCH, "import", path, "--model", "resnet18", "-o", output)
    said = run(*command, status=1)
    assert "is damaged, or was changed without its checksum" in said, said
    tensor_file.write(path, tensors)
    said = run(*command)
    assert f"{path}: has no checksum: its numbers are unchecked" in said, said
    return True


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


def refuses_to_convert(folder):
    """Files that hold no state dict, and places that can't be written: one sentence, no file."""
    script = os.path.join(ROOT, "tools", "torch_to_safetensors.py")
    saved = {"list": [1, 2], "number": {"epoch": 3}, "empty": {}, "key": {1: torch.zeros(2)},
             "model": torch.nn.Linear(2, 2), "complex": {"c": torch.zeros(2, dtype=torch.cfloat)},
             "sparse": {"s": torch.eye(2).to_sparse()}, "good": {"w": torch.ones(2)}}
    path = {name: os.path.join(folder, name + ".pth") for name in [*saved, "text", "missing"]}
    for name, value in saved.items():
        torch.save(value, path[name])
    with open(path["text"], "w") as file:
        file.write("not of torch\n")
    output, nowhere = os.path.join(folder, "out.safetensors"), os.path.join(folder, "no", "x")
    before = sorted(os.listdir(folder))
    for name, target, message in [
            ("list", output, "holds a list, but a state dict is expected"),
            ("number", output, "'epoch' is a int, but a state dict of tensors is expected"),
            ("empty", output, "holds no tensors"),
            ("key", output, "the name 1 is a int, but a string is expected"),
            ("model", output, "a state dict is expected, saved by torch.save(model.state_dict()"),
            ("complex", output, "c is torch.complex64"),
            ("sparse", output, "s is torch.float32 (torch.sparse_coo)"),
            ("text", output, "a state dict is expected, saved by"),
            ("missing", output, "can't be opened: No such file"),
            ("good", path["good"], "is the state dict itself"),
            ("good", folder, "can't be written: Is a directory"),
            ("good", nowhere, "can't be written: No such file")]:
        said = run(sys.executable, script, path[name], target, status=1)
        assert message in said and said.count("\n") == 1, said
        assert said.startswith((target if name == "good" else path[name]) + ": "), said
    return sorted(os.listdir(folder)) == before


with tempfile.TemporaryDirectory() as folder:
    results = [compare(name, folder) for name in ("resnet18", "resnet50", "resnet101")]
    results += [flipped(folder), refuses(folder), refuses_to_convert(folder)]
sys.exit(0 if all(results) else 1)
