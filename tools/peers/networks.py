"""The benchmarked networks as lists of operations, for programs that aren't etch.

A network is written one operation a line, "KIND INPUTS NUMBERS"; the i-th line makes value i. Value
0 is the input. This is what tests/bench/peers/network.hpp reads and what onnx.py writes as ONNX:

    input CHANNELS HEIGHT WIDTH
    conv X OUT KERNEL STRIDE PADDING BIAS(0 or 1)
    norm X
    relu X
    max_pool X KERNEL STRIDE PADDING
    avg_pool X                  (global)
    add X Y
    flatten X
    linear X OUT
"""

BLOCKS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
    "resnet152": (3, 8, 36, 3),
}


class Network:
    """Operations, the shapes (channels, height, width) of their values, and what they take."""

    def __init__(self, channels, height, width):
        self.ops = [("input", channels, height, width)]
        self.shapes = [(channels, height, width)]
        self.macs = 0
        self.parameters = 0

    def add(self, shape, *op):
        self.ops.append(op)
        self.shapes.append(shape)
        return len(self.ops) - 1

    def conv(self, x, out, kernel, stride=1, padding=0, bias=0):
        channels, height, width = self.shapes[x]
        h = (height + 2 * padding - kernel) // stride + 1
        w = (width + 2 * padding - kernel) // stride + 1
        self.macs += out * channels * kernel * kernel * h * w
        self.parameters += out * channels * kernel * kernel + out * bias
        return self.add((out, h, w), "conv", x, out, kernel, stride, padding, bias)

    def norm(self, x):
        self.parameters += 2 * self.shapes[x][0]
        return self.add(self.shapes[x], "norm", x)

    def relu(self, x):
        return self.add(self.shapes[x], "relu", x)

    def max_pool(self, x, kernel, stride, padding=0):
        channels, height, width = self.shapes[x]
        h = (height + 2 * padding - kernel) // stride + 1
        w = (width + 2 * padding - kernel) // stride + 1
        return self.add((channels, h, w), "max_pool", x, kernel, stride, padding)

    def avg_pool(self, x):
        return self.add((self.shapes[x][0], 1, 1), "avg_pool", x)

    def sum(self, x, y):
        return self.add(self.shapes[x], "add", x, y)

    def flatten(self, x):
        channels, height, width = self.shapes[x]
        return self.add((channels * height * width, 1, 1), "flatten", x)

    def linear(self, x, out):
        size = self.shapes[x][0]
        self.macs += size * out
        self.parameters += size * out + out
        return self.add((out, 1, 1), "linear", x, out)

    def text(self):
        return "".join(" ".join(str(word) for word in op) + "\n" for op in self.ops)


def lenet():
    """etch's lenet: 61,706 parameters."""
    n = Network(1, 28, 28)
    x = n.max_pool(n.relu(n.conv(0, 6, 5, padding=2, bias=1)), 2, 2)
    x = n.flatten(n.max_pool(n.relu(n.conv(x, 16, 5, bias=1)), 2, 2))
    n.linear(n.relu(n.linear(n.relu(n.linear(x, 120)), 84)), 10)
    return n


def resnet(depth, channels, size, classes, first_1x1=False, norm=True):
    """torchvision's, or with the stride on the first 1x1; with batch norm or without."""
    n = Network(channels, size, size)
    bottleneck = depth not in ("resnet18", "resnet34")

    def conv(x, out, kernel, stride=1):
        y = n.conv(x, out, kernel, stride, kernel // 2)
        return n.norm(y) if norm else y

    x = n.max_pool(n.relu(conv(0, 64, 7, 2)), 3, 2, 1)
    for stage, blocks in enumerate(BLOCKS[depth]):
        width = 64 << stage
        out = 4 * width if bottleneck else width
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 0 else 1
            # The way around comes first, so that a library can add to it.
            around = x if stride == 1 and n.shapes[x][0] == out else conv(x, out, 1, stride)
            if bottleneck:
                y = n.relu(conv(x, width, 1, stride if first_1x1 else 1))
                y = n.relu(conv(y, width, 3, 1 if first_1x1 else stride))
                y = conv(y, out, 1)
            else:
                y = conv(n.relu(conv(x, width, 3, stride)), out, 3)
            x = n.relu(n.sum(y, around))
    n.linear(n.flatten(n.avg_pool(x)), classes)
    return n


def network_of(model):
    """What `etch bench MODEL` runs, by etch's name of it."""
    if model == "lenet":
        return lenet()
    words = model.split("-")
    if words[0] in BLOCKS and set(words[1:]) <= {"imagenet", "v1", "nonorm"}:
        photo = "imagenet" in words
        return resnet(words[0], *((3, 224, 1000) if photo else (1, 32, 10)),
                      first_1x1="v1" in words, norm="nonorm" not in words)
    raise ValueError(f"{model}: peers have no such network")
