#!/usr/bin/env python3
"""Writes a state dict of PyTorch (.pt, .pth) as safetensors, names and layouts as they are.

usage: torch_to_safetensors.py MODEL.pth MODEL.safetensors

Needs torch and the standard library. Floating point numbers are stored as float32, counters as
int64. A state dict inside a checkpoint ("state_dict", "model_state_dict", "model") is found, and
the "module." that DataParallel puts before every name is taken off. A checksum lets etch refuse a
file that was damaged on its way.
"""
import ctypes
import json
import os
import struct
import sys
import zlib

try:
    import torch
except ModuleNotFoundError:
    sys.exit(f"{sys.executable} has no torch, which reads the file: take the Python that the model "
             "was trained with")

SAVED = "saved by torch.save(model.state_dict(), path)"


def state_dict_of(loaded, path):
    """The mapping of names to tensors, wherever in the file it is."""
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        sys.exit(f"{path}: holds a {type(loaded).__name__}, but a state dict is expected, {SAVED}")
    tensors = {}
    for name, tensor in loaded.items():
        if not isinstance(tensor, torch.Tensor):
            sys.exit(f"{path}: {name!r} is a {type(tensor).__name__}, but a state dict of tensors "
                     "is expected")
        if not isinstance(name, str):
            sys.exit(f"{path}: the name {name!r} is a {type(name).__name__}, but a string is "
                     "expected")
        tensors[name] = tensor
    if not tensors:
        sys.exit(f"{path}: holds no tensors, but a state dict of them is expected")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name[len("module."):]: tensor for name, tensor in tensors.items()}
    return tensors


def stored(path, name, tensor):
    """The tensor as it is stored, and its dtype's name in safetensors."""
    if tensor.is_complex() or tensor.is_quantized or tensor.layout != torch.strided:
        sys.exit(f"{path}: {name} is {tensor.dtype} ({tensor.layout}), but only dense real numbers "
                 "can be stored")
    if tensor.is_floating_point():
        return tensor.detach().to("cpu", torch.float32).contiguous(), "F32"
    return tensor.detach().to("cpu", torch.int64).contiguous(), "I64"


def bytes_of(tensor):
    return ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size())


def checksum_of(tensors):
    """etch's over the content: src/host/weights/checksum.hpp."""
    def word(n):
        return struct.pack("<Q", n)

    def text(t):
        return word(len(t.encode())) + t.encode()
    total = zlib.crc32(word(0))  # metadata but this
    for name in sorted(tensors, key=str.encode):
        tensor, dtype = tensors[name]
        sizes = b"".join(word(n) for n in tensor.shape)
        total = zlib.crc32(text(name) + text(dtype) + word(tensor.dim()) + sizes, total)
        total = zlib.crc32(bytes_of(tensor), total)
    return f"{total:08x}"


def write(path, tensors):
    header, at = {"__metadata__": {"etch.checksum": checksum_of(tensors)}}, 0
    for name, (tensor, dtype) in tensors.items():
        end = at + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    part = f"{path}.part-{os.getpid()}"
    try:
        with open(part, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for tensor, _ in tensors.values():
                file.write(bytes_of(tensor))
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.remove(part)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    source, target = sys.argv[1:]
    if os.path.exists(target) and os.path.exists(source) and os.path.samefile(source, target):
        sys.exit(f"{target}: is the state dict itself, which would be overwritten")
    try:
        loaded = torch.load(source, map_location="cpu", weights_only=True)
    except OSError as error:
        sys.exit(f"{source}: can't be opened: {error.strerror}")
    except Exception as error:  # torch raises many kinds, some with pages of advice
        reason = f"{type(error).__name__} {error}".split("\n")[0].strip()
        sys.exit(f"{source}: can't be read ({reason}): a state dict is expected, {SAVED}")
    tensors = {name: stored(source, name, tensor)
               for name, tensor in state_dict_of(loaded, source).items()}
    try:
        write(target, tensors)
    except OSError as error:
        sys.exit(f"{target}: can't be written: {error.strerror}")
    print(f"{len(tensors)} tensors -> {target}")


if __name__ == "__main__":
    main()
