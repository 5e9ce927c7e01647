"""Safetensors files of torch tensors, for the tests: read and written without a library."""
import ctypes
import json
import struct

import torch

TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}


def write(path, tensors):
    header, at = {}, 0
    for name, tensor in tensors.items():
        dtype = next(n for n, t in TYPES.items() if t == tensor.dtype)
        end = at + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            tensor = tensor.detach().contiguous()
            file.write(ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size()))


def read(path):
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, about in header.items():
        if name == "__metadata__":
            continue
        begin, end = about["data_offsets"]
        part = data[begin:end]
        flat = torch.frombuffer(part, dtype=TYPES[about["dtype"]]) if part else torch.empty(0)
        tensors[name] = flat.reshape(about["shape"])
    return tensors
