#!/usr/bin/env python3
"""Networks through `etch import`, compiled and run: the outputs of torch and of a reference
interpreter, ONNX Runtime (where npm brings it) or Arm NN (where it is installed).

usage: networks.py ETCH PARAMETERS SOURCE_ROOT BUILD_ROOT COMPILER [onnx | tflite [ARM_NN]]

onnx: networks that torch exports here. tflite: MLPerf Tiny's, which lie in ../shared/models beside
the sources or in the folder that ETCH_TFLITE_MODELS names; without them, status 77: skipped.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy
import onnx_runtime
import tflite_reference
import torch
import torchvision
from torch import nn

ETCH, PARAMETERS, ROOT, BUILD, COMPILER = sys.argv[1:6]
ARM_NN = sys.argv[7] if len(sys.argv) > 7 else None
HERE = os.path.join(ROOT, "tests", "import")
TOLERANCE = 1e-5  # of the largest output


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != status:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def outputs(path, x, folder):
    """What the imported network makes of x, (N, H, W, C) or (N, features)."""
    name = os.path.splitext(os.path.basename(path))[0]
    run(ETCH, "import", path, "-o", folder)
    header, weights = (os.path.join(folder, name + e) for e in (".hpp", ".safetensors"))
    parameters, program, given, got = (os.path.join(folder, name + e)
                                       for e in (".bin", ".run", ".x", ".y"))
    run(PARAMETERS, weights, parameters)
    run(COMPILER, "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror",
        "-I" + os.path.join(ROOT, "include"), f'-DHEADER="{header}"', f"-DNET={name}::Net",
        os.path.join(HERE, "run_net.cpp"), "-L" + BUILD, "-letch", "-Wl,-rpath," + BUILD,
        "-o", program)
    x.contiguous().numpy().astype(numpy.float32).tofile(given)
    print(run(program, parameters, given, got), end="")
    return torch.from_numpy(numpy.fromfile(got, numpy.float32)).reshape(x.shape[0], -1)


def agrees(name, got, want):
    want = want.reshape(want.shape[0], -1)
    error = ((got - want).abs().max() / want.abs().max()).item()
    print(f"{name}: largest difference {error:.2g} of the largest output", flush=True)
    return error < TOLERANCE


def runs_model(folder, name, model):
    """Whether the imported network is one of include/etch/models: the same steps."""
    program = os.path.join(folder, name + ".same")
    run(COMPILER, "-std=c++20", "-O0", "-DETCH_HEADER_ONLY", "-DHWY_COMPILE_ONLY_SCALAR",
        "-I" + os.path.join(ROOT, "include"), f'-DHEADER="{os.path.join(folder, name)}.hpp"',
        f"-DNET={name}::Net", f"-DMODEL={model}", os.path.join(HERE, "same_steps.cpp"),
        "-o", program)
    done = subprocess.run([program], capture_output=True, text=True)
    print(f"{name} as {model}: {done.stdout}", end="")
    return done.returncode == 0


def contains(folder, name, *texts):
    with open(os.path.join(folder, name + ".hpp")) as file:
        code = file.read()
    missing = [t for t in texts if t not in code]
    if missing:
        print(f"{name}.hpp lacks {missing}:\n{code}")
    return not missing


class Everything(nn.Module):
    """All that can be imported, in an order that makes little sense."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 16, 3, stride=2), nn.BatchNorm2d(16, eps=0.125),
            nn.LeakyReLU(0.2), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.grouped = nn.Conv2d(16, 24, (3, 5), padding=(1, 2), groups=4, bias=False)
        self.inner = nn.Sequential(nn.Conv2d(24, 24, 1), nn.Tanh())
        self.depthwise = nn.Conv2d(24, 24, 3, padding=2, dilation=2, groups=24)
        self.around = nn.Conv2d(24, 24, 1, bias=False)
        self.pool = nn.AvgPool2d(3, 2, padding=1)
        self.apart = nn.AvgPool2d(3, 1, padding=1, count_include_pad=False)
        self.head = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(720), nn.Linear(720, 20),
                                  nn.Sigmoid(), nn.Dropout(0.5), nn.Linear(20, 7, bias=False),
                                  nn.Softmax(1))

    def forward(self, x):
        x = self.grouped(self.stem(x))
        inner = self.inner(x) + x
        x = torch.relu(self.depthwise(inner) + self.around(x))
        return self.head(self.apart(torch.nn.functional.relu6(self.pool(x))))


class Plain(nn.Module):
    """A multilayer perceptron as it is written by hand: products and sums."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(30, 40) / 6), nn.Parameter(torch.randn(40))
        self.layers = nn.Sequential(*[l for _ in range(3) for l in (nn.Linear(40, 40), nn.ReLU())])
        self.last = nn.Linear(40, 9)

    def forward(self, x):
        return self.last(self.layers(torch.relu(x @ self.weight + self.bias)))


class Branches(nn.Module):
    """A U-Net's skip, a dense block, squeeze-and-excitation, SiLU."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.dense = nn.ModuleList(nn.Sequential(nn.BatchNorm2d(8 + 4 * i), nn.ReLU(),
                                                 nn.Conv2d(8 + 4 * i, 4, 3, padding=1))
                                   for i in range(3))
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(20, 5, 1), nn.SiLU(),
                                  nn.Conv2d(5, 20, 1), nn.Sigmoid())
        self.back = nn.Conv2d(20, 8, 1)
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * 36, 6))

    def forward(self, x):
        skip = self.stem(x)
        features = [skip]
        for layer in self.dense:
            features.append(layer(torch.cat(features, 1)))
        x = torch.cat(features, 1)
        x = nn.functional.silu(self.back(x * self.gate(x)))
        return self.head(torch.cat([x, skip], 1))


class Activations(nn.Module):
    """Every activation, as exporters write them: GELU in many nodes, SiLU as a product."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GELU(), nn.Conv2d(8, 8, 1),
                                   nn.GELU(approximate="tanh"), nn.Conv2d(8, 8, 1), nn.PReLU(8),
                                   nn.Hardtanh(-0.5, 0.75), nn.Conv2d(8, 8, 1), nn.ELU(0.5),
                                   nn.Hardsigmoid(), nn.Conv2d(8, 8, 1), nn.SiLU(),
                                   nn.Hardswish(), nn.PReLU())
        self.last = nn.Sequential(nn.Flatten(), nn.Linear(8 * 36, 40), nn.GELU(), nn.Linear(40, 7),
                                  nn.LogSoftmax(1))
        nn.init.uniform_(self.first[5].weight, -1, 1)

    def forward(self, x):  # normalised as data sets are
        mean, deviation = (torch.tensor(v).reshape(3, 1, 1) for v in ([0.1, 0.2, 0.3], [0.5, 0.6, 2.0]))
        return -self.last(self.first(1 - (x - mean) / deviation))


class UNet(nn.Module):
    """Down and up again by transposed convolutions, the way across joined."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o),
                                                nn.ReLU()) for i, o in ((3, 8), (8, 16), (16, 32)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(i, i // 2, 2, stride=2) for i in (32, 16))
        self.join = nn.ModuleList(nn.Conv2d(i, i // 2, 3, padding=1) for i in (32, 16))
        self.head = nn.Sequential(nn.Conv2d(8, 5, 1), nn.Flatten(), nn.Linear(5 * 16 * 12, 9))

    def forward(self, x):
        first = self.down[0](x)
        second = self.down[1](nn.functional.max_pool2d(first, 2))
        x = self.down[2](nn.functional.max_pool2d(second, 2))
        x = torch.relu(self.join[0](torch.cat([self.up[0](x), second], 1)))
        x = torch.relu(self.join[1](torch.cat([self.up[1](x), first], 1)))
        return self.head(x)


class Borders(nn.Module):
    """Borders of each kind, causal ones too, and images of another size."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d((1, 2, 0, 1)), nn.Conv2d(3, 6, 3), nn.ReplicationPad2d(2), nn.ReLU(),
            nn.ZeroPad2d((4, 0, 2, 0)), nn.Conv2d(6, 6, 3, dilation=(1, 2)), nn.ZeroPad2d(1), nn.SiLU(),
            nn.Upsample(scale_factor=2), nn.Conv2d(6, 4, 3, stride=2),
            nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(4, 4, 1),
            nn.Upsample(size=(9, 17), mode="bilinear", align_corners=True), nn.Conv2d(4, 3, 2, stride=2),
            nn.Flatten(), nn.Linear(3 * 4 * 8, 5))

    def forward(self, x):
        return self.layers(x)


class Autoencoder(nn.Module):
    """Strides, and transposed convolutions with all that these have."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(), nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1, groups=4),
            nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, (3, 2), stride=2, padding=(1, 0), output_padding=(1, 0), bias=False),
            nn.Sigmoid())

    def forward(self, x):
        return self.layers(x)


def randomize(network):
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, 0, 0.2)


def exported(runtime, name, network, shape, folder, keep_norms=False):
    """Exports a network, imports it, compares."""
    torch.manual_seed(3)
    network = network().eval()
    randomize(network)
    x = torch.randn(2, *shape)
    with torch.no_grad():
        want = network(x)
    path = os.path.join(folder, name + ".onnx")
    mode = torch.onnx.TrainingMode.PRESERVE if keep_norms else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(network, x[:1], path, training=mode, do_constant_folding=not keep_norms,
                      dynamic_axes={"x": [0]} if keep_norms else None, input_names=["x"],
                      output_names=["y"])
    images = x.permute(0, 2, 3, 1) if x.dim() == 4 else x
    got = outputs(path, images, folder)
    if runtime is None:
        return agrees(name, got, want)
    theirs = torch.from_numpy(runtime.run(path, x.numpy(), want.shape[1]))
    return all([agrees(name + ", torch", got, want),
                agrees(f"{name}, ONNX Runtime {runtime.version}", got, theirs)])


def refusals(folder):
    """Operators that aren't supported are named, with their node; nothing is written."""
    path = os.path.join(folder, "exponential.onnx")
    torch.onnx.export(nn.Sequential(nn.Linear(3, 3), nn.Softplus()), torch.zeros(1, 3), path)
    output = os.path.join(folder, "nothing")
    said = run(ETCH, "import", path, "-o", output, status=1)
    assert "/1/Softplus: the operator Softplus isn't supported; these are: Add, " in said, said
    return not os.path.exists(output)


def onnx(folder):
    library = onnx_runtime.fetch(ROOT)
    runtime = onnx_runtime.OnnxRuntime(library) if library else None
    return all([
        exported(runtime, "mlp", Plain, (30,), folder),
        contains(folder, "mlp", "Repeat<3, Sequential<", "Linear{.out_features = 40}, ReLU{}"),
        exported(runtime, "everything", Everything, (3, 36, 44), folder, keep_norms=True),
        contains(folder, "everything", ".extra_padding = 1", "BatchNorm2d{.eps = 0.125f}, LeakyReLU{",
                 "}, ReLU6{},",
                 "Residual<Sequential<", "Softmax{}"),
        exported(runtime, "resnet18", lambda: torchvision.models.resnet18(weights=None), (3, 64, 64), folder),
        contains(folder, "resnet18", "// /layer1/layer1.0/conv1/Conv, /layer1/layer1.1/conv1/Conv",
                 "Residual<Sequential<", "Repeat<2, Sequential<"),
        exported(runtime, "mobilenet_v2", lambda: torchvision.models.mobilenet_v2(weights=None), (3, 96, 96),
                 folder),
        contains(folder, "mobilenet_v2", "ReLU6{}", ".groups = 960", "Repeat<2,"),
        exported(runtime, "branches", Branches, (3, 12, 12), folder),
        contains(folder, "branches", "ConcatWith<", "MultiplyWith<", "Load<", "Save<"),
        exported(runtime, "squeezenet", lambda: torchvision.models.squeezenet1_1(weights=None),
                 (3, 64, 64), folder),
        exported(runtime, "activations", Activations, (3, 8, 8), folder),
        contains(folder, "activations", "GELU{}", "GELU{.approximate = Approximate::tanh}",
                 "PReLU{.num_parameters = 8}", "Hardtanh{.min_val = -0.5f, .max_val = 0.75f}",
                 "ELU{.alpha = 0.5f}", "Hardsigmoid{}", "SiLU{}", "Hardswish{}", "LogSoftmax{}"),
        *[exported(runtime, name, lambda: getattr(torchvision.models, name)(weights=None),
                   (3, 96, 96), folder)
          for name in ("mobilenet_v3_small", "mobilenet_v3_large")],
        contains(folder, "mobilenet_v3_small", "Hardswish{}", "Hardsigmoid{}", "MultiplyWith<"),
        exported(runtime, "unet", UNet, (3, 16, 12), folder),
        contains(folder, "unet", "ConvTranspose2d{.out_channels = 16, .kernel_size = 2, .stride = 2}",
                 "ConcatWith<"),
        exported(runtime, "borders", Borders, (3, 10, 12), folder),
        contains(folder, "borders", "ReflectionPad2d{", "ReplicationPad2d{", "ZeroPad2d{",
                 "Upsample{.scale_factor = 2}", ".align_corners = true}"),
        exported(None, "autoencoder", Autoencoder, (1, 28, 28), folder),
        refusals(folder)])


def arm_nn(name, path, x, folder, got):
    """Compares with Arm NN's reference backend. It has no convolution of floats with weights of 8
    bits, as DS-CNN's file stores them: torch alone is the reference there."""
    given, made = (os.path.join(folder, name + e) for e in ("_float.x", ".arm_nn"))
    done = subprocess.run([ARM_NN, path, given, made], capture_output=True, text=True)
    if done.returncode != 0 and "input and weights types mismatched" in done.stderr:
        print(f"{name}: Arm NN can't run it: weights of 8 bits")
        return "dscnn" in name
    if done.returncode != 0:
        sys.exit(f"{ARM_NN} {path}: status {done.returncode}\n{done.stderr}")
    theirs = torch.from_numpy(numpy.fromfile(made, numpy.float32)).reshape(x.shape[0], -1)
    return agrees(name + ", Arm NN", got, theirs)


def tflite(folder):
    models = os.environ.get("ETCH_TFLITE_MODELS", os.path.join(ROOT, "..", "shared", "models"))
    names = ["image_classification_resnet8", "keyword_spotting_dscnn",
             "visual_wake_words_mobilenet", "anomaly_detection_autoencoder"]
    if not all(os.path.exists(os.path.join(models, n + "_float.tflite")) for n in names):
        print(f"{models}: MLPerf Tiny's models aren't there: skipped")
        sys.exit(77)
    if not ARM_NN:
        print("Arm NN isn't installed: outputs are compared with torch alone")
    results = []
    for name in names:
        path = os.path.join(models, name + "_float.tflite")
        reference = tflite_reference.Network(path)
        torch.manual_seed(4)
        x = torch.rand([4] + reference.input_shape[1:])
        got = outputs(path, x, folder)
        results.append(agrees(name + ", torch", got, reference.run(x)))
        if ARM_NN:
            results.append(arm_nn(name, path, x, folder, got))
        refused = os.path.join(models, name + "_int8.tflite")
        if os.path.exists(refused):
            said = run(ETCH, "import", refused, "-o", os.path.join(folder, "none"), status=1)
            results.append("is a quantised network: " in said)
    models_of = {"image_classification_resnet8": "resnet8<10>, Softmax{}",
                 "keyword_spotting_dscnn": "ds_cnn<12>, Softmax{}",
                 "visual_wake_words_mobilenet": "mobilenet_025<2>, Softmax{}",
                 "anomaly_detection_autoencoder": "autoencoder<>"}
    results += [runs_model(folder, n + "_float", m) for n, m in models_of.items()]
    results.append(not runs_model(folder, "visual_wake_words_mobilenet_float", "mobilenet_025<2>"))
    results.append(contains(folder, "visual_wake_words_mobilenet_float", "Repeat<5, Sequential<",
                            "extra_padding = 1"))
    results.append(contains(folder, "image_classification_resnet8_float", "Residual<Sequential<"))
    return all(results)


with tempfile.TemporaryDirectory() as temporary:
    sys.exit(0 if {"onnx": onnx, "tflite": tflite}[sys.argv[6]](temporary) else 1)
