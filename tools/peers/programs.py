"""The programs that are compared, as commands; and where they come from."""

import json
import os
import platform
import subprocess
import tarfile

import networks
import onnx

ONNXRUNTIME = "onnxruntime-node@1.30.0"


def build(root):
    """Installs what is missing, builds build/bench and returns it."""
    script = (". tools/packages.sh; need_to_bench; install_missing; mkdir -p build; "
              "set_up build/bench -Dbench=enabled -Dtools=enabled -Dtests=disabled "
              "-Dparity=disabled; ninja -C build/bench >build/bench.log 2>&1 || "
              "{ tail -n 30 build/bench.log; exit 1; }")
    subprocess.run(["sh", "-euc", script], cwd=root, check=True)
    return os.path.join(root, "build/bench")


def fetch_onnxruntime(folder):
    """The shared library of ONNX Runtime's npm package, kept in `folder`."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    library = os.path.join(folder, ONNXRUNTIME, "libonnxruntime.so.1")
    if os.path.exists(library):
        return library
    os.makedirs(os.path.dirname(library), exist_ok=True)
    packed = subprocess.run(["npm", "pack", "--loglevel=error", ONNXRUNTIME], cwd=folder,
                            check=True, capture_output=True, text=True).stdout.split()[-1]
    packed = os.path.join(folder, packed)
    with tarfile.open(packed) as archive:
        wanted = f"/linux/{machine}/libonnxruntime.so.1"
        member = next(m for m in archive if m.name.endswith(wanted))
        with archive.extractfile(member) as source, open(library + ".part", "wb") as out:
            out.write(source.read())
    os.rename(library + ".part", library)
    os.remove(packed)
    return library


class Work:
    """What is compared: a model of etch's in a mode, and for how many threads."""

    def __init__(self, key, title, model, mode, batch, threads=(1, 2), samples=5, without=None,
                 loops=False, recompute=False, budget=None):
        self.key, self.title, self.model, self.mode = key, title, model, mode
        self.batch, self.threads, self.samples = batch, threads, samples
        self.without = without  # the same model without batch norm, to be compared as well
        self.loops = loops  # compare with plain loops
        self.recompute = recompute  # also with the memory that Recompute::blocks leaves
        self.budget = budget  # also with Winograd and Recompute::budget of this arena


class Programs:
    def __init__(self, build_folder, folder, library):
        self.build, self.folder, self.library = build_folder, folder, library
        os.makedirs(folder, exist_ok=True)

    def tool(self, path):
        path = os.path.join(self.build, path)
        return path if os.path.exists(path) else None

    def etch(self, work, threads, *options, model=None):
        return [self.tool("tools/etch"), "bench", model or work.model, "--mode", work.mode, "--batch",
                str(work.batch), "--threads", str(threads), "--repeat", str(work.samples),
                "--json", *options]

    def check(self, model, network):
        """That the others' network is etch's, as far as two numbers tell."""
        out = subprocess.run([self.tool("tools/etch"), "plan", model, "--json"], check=True,
                             capture_output=True, text=True).stdout
        plan = json.loads(out)
        own, theirs = (plan["macs"], plan["parameters"]), (network.macs, network.parameters)
        if own != theirs:
            raise SystemExit(f"{model}: etch has {own} multiply-accumulates and parameters, the "
                             f"other programs' network {theirs}")

    def network(self, model):
        self.check(model, networks.network_of(model))
        path = os.path.join(self.folder, model + ".txt")
        with open(path, "w", encoding="ascii") as file:
            file.write(networks.network_of(model).text())
        return path

    def driver(self, name, model, mode, work, threads, *options):
        return [self.tool("tests/bench/peers/" + name), self.network(model), mode,
                str(work.batch), str(threads), str(work.samples), *options]

    def onnxruntime(self, work, threads):
        network = networks.network_of(work.model)
        path = os.path.join(self.folder, f"{work.model}-{work.batch}.onnx")
        if not os.path.exists(path):
            onnx.Writer(network, work.batch).write(path)
        dimensions = ",".join(str(n) for n in (work.batch, *network.shapes[0]))
        return [self.tool("tests/bench/peers/peer_onnxruntime"), self.library, path,
                str(threads), str(work.samples), dimensions, str(network.shapes[-1][0])]

    def inference(self, work, threads):
        all_programs = {"etch": self.etch(work, threads),
                        "etch, Winograd": self.etch(work, threads, "--winograd")}
        if self.library:
            all_programs["ONNX Runtime"] = self.onnxruntime(work, threads)
        if self.tool("tests/bench/peers/peer_onednn"):
            for mode, end in (("inference", ""), ("inference-auto", ", its choice of algorithm")):
                all_programs["oneDNN" + end] = self.driver("peer_onednn", work.model, mode, work,
                                                           threads)
        if self.tool("tests/bench/peers/peer_torch"):
            for mode in ("eager", "frozen"):
                for layout in ((), ("channels_last",)):
                    name = f"LibTorch, {mode}" + (", channels last" if layout else "")
                    all_programs[name] = self.driver("peer_torch", work.model, mode, work,
                                                     threads, *layout)
        return all_programs

    def training(self, work, threads):
        all_programs = {"etch": self.etch(work, threads)}
        if work.loops:
            all_programs["etch, loops"] = self.etch(work, threads, "--algorithm", "loops")
        else:
            all_programs["etch, Update::fused"] = self.etch(work, threads, "--update", "fused")
            if work.budget:
                all_programs[f"etch, Update::fused, Recompute::budget of {work.budget}, Winograd"] = (
                    self.etch(work, threads, "--update", "fused", "--recompute", work.budget,
                              "--winograd"))
        if work.recompute:
            all_programs["etch, Update::fused, Recompute::blocks"] = self.etch(
                work, threads, "--update", "fused", "--recompute", "blocks")
        if work.without:
            all_programs["etch, no norm"] = self.etch(work, threads, model=work.without)
        for model in (work.model, work.without):
            if model is None:
                continue
            end = ", no norm" if model == work.without else ""
            if self.tool("tests/bench/peers/peer_onednn"):
                all_programs["oneDNN" + end] = self.driver("peer_onednn", model, "training", work,
                                                           threads)
            if self.tool("tests/bench/peers/peer_torch"):
                for layout in ((), ("channels_last",)):
                    name = "LibTorch" + (", channels last" if layout else "") + end
                    all_programs[name] = self.driver("peer_torch", model, "training", work,
                                                     threads, *layout)
        return all_programs

    def of(self, work, threads):
        if work.mode == "inference":
            return self.inference(work, threads)
        return self.training(work, threads)
