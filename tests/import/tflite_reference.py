"""A TFLite network, evaluated by torch: what each operator is defined to do, one by one.

The file is read without the schema that `etch import` uses: fields by their numbers.
"""
import struct

import numpy
import torch
import torch.nn.functional as F

CONV, DEPTHWISE, LINEAR, AVERAGE, ADD, RESHAPE, SOFTMAX = 3, 4, 9, 1, 0, 22, 25
FLOAT32, INT8 = 0, 9


class Table:
    """A FlatBuffers table: https://flatbuffers.dev/internals."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def get(self, form, at):
        return struct.unpack_from("<" + form, self.data, at)[0]

    def place(self, field):
        """Where a field lies, or None."""
        vtable = self.at - self.get("i", self.at)
        entry = 4 + 2 * field
        offset = self.get("H", vtable + entry) if entry < self.get("H", vtable) else 0
        return self.at + offset if offset else None

    def scalar(self, field, form, default=0):
        place = self.place(field)
        return default if place is None else self.get(form, place)

    def follow(self, field):
        place = self.place(field)
        return None if place is None else place + self.get("I", place)

    def table(self, field):
        at = self.follow(field)
        return None if at is None else Table(self.data, at)

    def vector(self, field, kind):
        at = self.follow(field)
        if at is None:
            return numpy.empty(0, kind)
        return numpy.frombuffer(self.data, kind, self.get("I", at), at + 4)

    def tables(self, field):
        at = self.follow(field)
        places = range(at + 4, at + 4 + 4 * self.get("I", at), 4)
        return [Table(self.data, p + self.get("I", p)) for p in places]


class Network:
    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        model = Table(data, struct.unpack_from("<I", data)[0])
        graph = model.tables(2)[0]
        self.codes = [max(c.scalar(0, "b"), c.scalar(3, "i")) for c in model.tables(1)]
        self.buffers, self.tensors, self.operators = model.tables(4), graph.tables(0), graph.tables(3)
        self.input, self.output = int(graph.vector(1, "<i4")[0]), int(graph.vector(2, "<i4")[0])
        self.input_shape = self.shape(self.input)

    def shape(self, index):
        return [int(n) for n in self.tensors[index].vector(0, "<i4")]

    def constant(self, index):
        tensor = self.tensors[index]
        stored = self.buffers[tensor.scalar(2, "I")].vector(0, "u1").tobytes()
        if tensor.scalar(1, "b") == INT8:  # weights of a dynamic range network
            quantization = tensor.table(4)
            scale, zero = quantization.vector(2, "<f4"), quantization.vector(3, "<i8")
            assert len(scale) == 1 and not zero.any()
            values = numpy.frombuffer(stored, "i1").astype("f4") * scale[0]
        else:
            assert tensor.scalar(1, "b") == FLOAT32
            values = numpy.frombuffer(stored, "<f4")
        return torch.from_numpy(values.reshape(self.shape(index)).copy())

    def run(self, x):
        """x and the result are NHWC, or (N, features)."""
        values = {self.input: x}
        for op in self.operators:
            inputs = [int(i) for i in op.vector(1, "<i4")]
            values[int(op.vector(2, "<i4")[0])] = self.step(op, inputs, values)
        return values[self.output]

    def step(self, op, inputs, values):
        kind, x, o = self.codes[op.scalar(0, "I")], values[inputs[0]], op.table(4)
        if kind == CONV:
            weight = self.constant(inputs[1]).permute(0, 3, 1, 2)
            return fused(self.convolution(x, weight, inputs[2], o, 1), o.scalar(3, "b"))
        if kind == DEPTHWISE:
            weight = self.constant(inputs[1]).permute(3, 0, 1, 2)
            return fused(self.convolution(x, weight, inputs[2], o, x.shape[3]), o.scalar(4, "b"))
        if kind == LINEAR:
            y = F.linear(x.flatten(1), self.constant(inputs[1]), self.constant(inputs[2]))
            return fused(y, o.scalar(0, "b"))
        if kind == AVERAGE:
            valid = o.scalar(0, "b")
            assert valid
            y = F.avg_pool2d(x.permute(0, 3, 1, 2), (o.scalar(4, "i"), o.scalar(3, "i")),
                             (o.scalar(2, "i"), o.scalar(1, "i")))
            return fused(y.permute(0, 2, 3, 1), o.scalar(5, "b"))
        if kind == ADD:
            return fused(x + values[inputs[1]], o.scalar(0, "b"))
        if kind == RESHAPE:
            return x.reshape(x.shape[0], -1)
        assert kind == SOFTMAX
        return torch.softmax(x, -1)

    def convolution(self, x, weight, bias, o, groups):
        valid, stride = o.scalar(0, "b"), (o.scalar(2, "i"), o.scalar(1, "i"))
        x = x.permute(0, 3, 1, 2)
        if not valid:
            needed = [max((-(-size // s) - 1) * s + k - size, 0)
                      for size, s, k in zip(x.shape[2:], stride, weight.shape[2:])]
            x = F.pad(x, (needed[1] // 2, needed[1] - needed[1] // 2,
                          needed[0] // 2, needed[0] - needed[0] // 2))
        y = F.conv2d(x, weight, self.constant(bias), stride, groups=groups)
        return y.permute(0, 2, 3, 1)


def fused(y, activation):
    return {0: lambda v: v, 1: F.relu, 3: F.relu6}[activation](y)
