"""Writes a network (networks.py) as an ONNX file with random weights: input "v0", output "y".

Protocol buffers by hand, https://protobuf.dev/programming-guides/encoding; field numbers from
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. Norms stand in the file as
BatchNormalization: folding them is the runtime's work.
"""

import array
import random


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def number(field, n):
    return varint(field << 3) + varint(n)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def ints(name, values):
    """AttributeProto: name, type INTS, ints."""
    body = data(1, name) + number(20, 7)
    return data(5, body + b"".join(number(8, v) for v in values))


def value_info(name, shape):
    dims = b"".join(data(1, number(1, n)) for n in shape)
    return data(1, name) + data(2, data(1, number(1, 1) + data(2, dims)))


class Writer:
    def __init__(self, network, batch):
        self.network = network
        self.batch = batch
        self.nodes = []
        self.tensors = []
        # Numbers that repeat after a prime length: fast to make, and no two rows alike.
        draw = random.Random(1)
        self.period = array.array("f", (draw.uniform(-1, 1) for _ in range(4099)))

    def tensor(self, name, shape, bound, around=0.0):
        size = 1
        for n in shape:
            size *= n
        scaled = array.array("f", (around + bound * v for v in self.period))
        values = (scaled * (size // len(scaled) + 1))[:size]
        dims = b"".join(number(1, n) for n in shape)
        self.tensors.append(data(5, dims + number(2, 1) + data(8, name)
                                 + data(9, values.tobytes())))
        return name

    def node(self, kind, inputs, output, *attributes):
        self.nodes.append(data(1, b"".join(data(1, i) for i in inputs) + data(2, output)
                               + data(4, kind) + b"".join(attributes)))

    def conv(self, i, x, out, kernel, stride, padding, bias):
        channels = self.network.shapes[x][0]
        bound = (3 / (channels * kernel * kernel)) ** 0.5
        inputs = [f"v{x}", self.tensor(f"w{i}", (out, channels, kernel, kernel), bound)]
        if bias:
            inputs.append(self.tensor(f"b{i}", (out,), bound))
        self.node("Conv", inputs, f"v{i}", ints("kernel_shape", [kernel] * 2),
                  ints("strides", [stride] * 2), ints("pads", [padding] * 4))

    def norm(self, i, x):
        channels = (self.network.shapes[x][0],)
        # A small scale keeps a hundred blocks of sums finite.
        self.node("BatchNormalization",
                  [f"v{x}", self.tensor(f"g{i}", channels, 0.1, 0.5),
                   self.tensor(f"s{i}", channels, 0.1), self.tensor(f"m{i}", channels, 0.1),
                   self.tensor(f"d{i}", channels, 0.1, 1.0)], f"v{i}")

    def linear(self, i, x, out):
        size = self.network.shapes[x][0]
        bound = (1 / size) ** 0.5
        transposed = data(1, "transB") + number(20, 2) + number(3, 1)
        self.node("Gemm", [f"v{x}", self.tensor(f"w{i}", (out, size), bound),
                           self.tensor(f"b{i}", (out,), bound)], f"v{i}", data(5, transposed))

    def write(self, path):
        for i, (kind, *rest) in enumerate(self.network.ops):
            if kind == "conv":
                self.conv(i, *rest)
            elif kind == "norm":
                self.norm(i, *rest)
            elif kind == "linear":
                self.linear(i, *rest)
            elif kind == "max_pool":
                x, kernel, stride, padding = rest
                self.node("MaxPool", [f"v{x}"], f"v{i}", ints("kernel_shape", [kernel] * 2),
                          ints("strides", [stride] * 2), ints("pads", [padding] * 4))
            elif kind != "input":
                name = {"relu": "Relu", "add": "Add", "flatten": "Flatten",
                        "avg_pool": "GlobalAveragePool"}[kind]
                self.node(name, [f"v{x}" for x in rest], f"v{i}")
        self.node("Identity", [f"v{len(self.network.ops) - 1}"], "y")
        classes = self.network.shapes[-1][0]
        graph = (b"".join(self.nodes) + data(2, "network") + b"".join(self.tensors)
                 + data(11, value_info("v0", (self.batch, *self.network.shapes[0])))
                 + data(12, value_info("y", (self.batch, classes))))
        model = number(1, 7) + data(7, graph) + data(8, number(2, 13))
        with open(path, "wb") as file:
            file.write(model)
