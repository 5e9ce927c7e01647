"""tools/bench-peers and tools/bench-scale, without asking how long anything takes. BUILD in the
environment is the build folder."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build/test"))
ETCH = os.path.join(BUILD, "tools/etch")
sys.path.insert(0, os.path.join(ROOT, "tools/peers"))
sys.dont_write_bytecode = True

import kernels
import networks
import onnx
import rounds


def load(name):
    """A tool as a module: its file has no ending."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"),
                                                  os.path.join(ROOT, "tools", name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


PEERS, SCALE = load("bench-peers"), load("bench-scale")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Networks(unittest.TestCase):
    def test_are_those_of_etch(self):
        models = {work.model for work in PEERS.WORKS} | {w.without for w in PEERS.WORKS if w.without}
        for model in sorted(models | {"resnet18", "resnet34-imagenet", "resnet50-v1", "resnet152"}):
            plan = json.loads(run(ETCH, "plan", model, "--json").stdout)
            network = networks.network_of(model)
            self.assertEqual(network.macs, plan["macs"], model)
            self.assertEqual(network.parameters, plan["parameters"], model)

    def test_others_are_refused(self):
        for model in ("convnet", "resnet101-v3", "resnet99"):
            self.assertRaises(ValueError, networks.network_of, model)


class Fields:
    """A protocol buffer message: fields[number] is a list of its values."""

    def __init__(self, message):
        self.fields, at = {}, 0

        def varint():
            nonlocal at
            value = shift = 0
            while True:
                byte = message[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value

        while at < len(message):
            key = varint()
            value = varint()
            if key & 7 == 2:
                value, at = message[at:at + value], at + value
            self.fields.setdefault(key >> 3, []).append(value)

    def messages(self, number):
        return [Fields(m) for m in self.fields.get(number, [])]


class Onnx(unittest.TestCase):
    def test_nodes_and_weights(self):
        network = networks.network_of("lenet")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lenet.onnx")
            onnx.Writer(network, 3).write(path)
            with open(path, "rb") as file:
                model = Fields(file.read())
        graph = model.messages(7)[0]
        kinds = [node.fields[4][0].decode() for node in graph.messages(1)]
        self.assertEqual(kinds, ["Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Flatten",
                                 "Gemm", "Relu", "Gemm", "Relu", "Gemm", "Identity"])
        floats = sum(len(t.fields[9][0]) // 4 for t in graph.messages(5))
        self.assertEqual(floats, network.parameters)
        names = {t.fields[8][0] for t in graph.messages(5)}
        for node in graph.messages(1):
            for name in node.fields[1][1:]:
                self.assertIn(name, names)
        self.assertEqual(graph.messages(11)[0].fields[1][0], b"v0")


class Rounds(unittest.TestCase):
    def test_milliseconds(self):
        self.assertEqual(rounds.milliseconds('{"median_ms": 2.5, "name": "x"}')[0], 2.5)
        self.assertEqual(rounds.milliseconds("ms min 1.5 median 2.25; 4 MiB")[0], 2.25)
        self.assertEqual(rounds.milliseconds("took 7 and\n3.5\n")[0], 3.5)
        self.assertRaises(rounds.Failed, rounds.milliseconds, "nothing")

    def test_programs_that_fail_are_told_and_left_out(self):
        say = []
        contest = rounds.Contest({"good": ["echo", "median 4"], "bad": ["sh", "-c", "echo no >&2; "
                                  "exit 3"], "missing": ["/nowhere"]}, 1, say.append)
        contest.round()
        contest.round()
        self.assertEqual(contest.ran(), ["good"])
        self.assertEqual(contest.failures["bad"], "no")
        self.assertEqual(contest.ratios("good", "good"), [1, 1])


class Kernels(unittest.TestCase):
    def test_table(self):
        rows = {"224x224, batch 1/forward/64->64": {
            "etch": {"ms": [1.0, 2.0, 4.0], "real": [9.0], "peak%": [80.0]},
            "torch": {"ms": [2.0, 3.0, 12.0], "peak%": [40.0]},
            "torch, channels last": {"ms": [9.0, 9.0, 9.0], "peak%": [30.0]}}}
        table = kernels.table(rows, convolutions=True)
        self.assertIn("| 2.000 | 9.0 | 80.0 % | 3.000 | 2.00 |", table)
        self.assertIn("| 80.0 % | 80.0 % | 80.0 % | 40.0 % |", kernels.summary(rows))


    def test_patterns_take_the_rows_of_their_tables(self):
        program = os.path.join(BUILD, "tests/bench/bench_kernels")
        of = {pattern: {line.removesuffix("/real_time").rsplit("/", 1)[0] for line in run(
            program, "--benchmark_list_tests", "--benchmark_filter=" + pattern).stdout.splitlines()}
              for pattern in (kernels.CONVOLUTIONS, kernels.SMALL, ".")}
        rows = {work: {"etch": {"peak%": [80.0]}} for work in of[kernels.CONVOLUTIONS]}
        self.assertIn("| 224x224, batch 1, dX |", kernels.summary(rows))
        self.assertFalse(of[kernels.CONVOLUTIONS] & of[kernels.SMALL])
        self.assertEqual(of[kernels.CONVOLUTIONS] | of[kernels.SMALL], of["."])


class Peers(unittest.TestCase):
    def test_small_works_run(self):
        done = run(os.path.join(ROOT, "tools/bench-peers"), "--build", BUILD, "--works",
                   "lenet,train-lenet", "--rounds", "1", "--without-onnxruntime", "--peer",
                   "mine=echo 12")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("failed", done.stdout)
        self.assertIn("### LeNet inference, 1x28x28, batch 1, 1 thread", done.stdout)
        self.assertIn("| mine | 12 |", done.stdout)
        self.assertIn("### Summary", done.stdout)

    def test_wrong_options(self):
        for options, message in ((["--works", "vgg"], "--works vgg: must be of resnet101-224"),
                                 (["--rounds", "0"], "--rounds 0: must be at least 1"),
                                 (["--peer", "x"], "--peer x: must be NAME=COMMAND"),
                                 (["--build", "/nowhere"], "there is no tools/etch in it")):
            done = run(os.path.join(ROOT, "tools/bench-peers"), *options)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr)


class Scale(unittest.TestCase):
    def test_a_point_of_each_figure_runs(self):
        for title, lines in SCALE.plan(quick=True).items():
            x, options = next(iter(lines[0].options.items()))
            answer = SCALE.measure(ETCH, options, repeat=1)
            self.assertGreater(SCALE.picoseconds(answer), 0, f"{title} {x}")

    def test_table_and_growth(self):
        line = SCALE.Series("net", 2, {})
        line.points = [(1, {"median_ms": 1.0, "real_macs": 1000, "batch": 1}),
                       (4, {"median_ms": 8.0, "real_macs": 1000, "batch": 4})]
        self.assertEqual(line.name, "net, 2 threads")
        self.assertEqual(SCALE.growth(line), 2)
        self.assertIn("| 4 | 8 (2000000.00) |", SCALE.table("batch", [line]))

    def test_wrong_options(self):
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            sys.argv = ["bench-scale", "--repeat", "0"]
            self.assertRaises(SystemExit, SCALE.main)
        self.assertIn("--repeat 0: must be at least 1", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
