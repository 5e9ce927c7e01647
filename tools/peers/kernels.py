"""Rows of bench_kernels, etch beside LibTorch, as tables."""

import json
import statistics
import subprocess

import rounds

SMALL = "small|Ada|SGD|gemm|norm|pool"
CONVOLUTIONS = ", batch [0-9]+/"


def run(program, pattern, threads, count):
    """rows[work][library]: the rounds' values of each counter, and "ms"."""
    rows = {}
    for _ in range(count):
        command = ["taskset", "-c", rounds.processors(threads), program, f"--threads={threads}",
                   "--benchmark_min_time=0.1", "--benchmark_format=json",
                   "--benchmark_filter=" + pattern]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for row in json.loads(out)["benchmarks"]:
            work, library = row["name"].removesuffix("/real_time").rsplit("/", 1)
            counters = rows.setdefault(work, {}).setdefault(library, {})
            counters.setdefault("ms", []).append(row["real_time"] / 1e3)
            for name in ("GFLOP/s", "real", "peak%", "GB/s"):
                if name in row:
                    counters.setdefault(name, []).append(row[name])
    return rows


def median(counters, name):
    return statistics.median(counters[name]) if name in counters else None


def best_peer(libraries):
    """The fastest of those that aren't etch, or None."""
    peers = [name for name in libraries if not name.startswith("etch")]
    return min(peers, key=lambda name: median(libraries[name], "ms"), default=None)


def ratio(libraries, peer, own):
    """How many times as long the peer takes: the median of the rounds' ratios."""
    pairs = zip(libraries[peer]["ms"], libraries[own]["ms"])
    return statistics.median(a / b for a, b in pairs)


def number(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"


def table(rows, convolutions):
    """Markdown: each work with etch's figures and the best peer's."""
    unit = "GFLOP/s (real taps) | share of peak" if convolutions else "GFLOP/s | GB/s"
    lines = [f"| work | etch, ms | {unit} | best LibTorch, ms | ratio |", "|---|---|---|---|---|---|"]
    for work, libraries in rows.items():
        peer = best_peer(libraries)
        for own in (name for name in libraries if name.startswith("etch")):
            counters = libraries[own]
            figures = (("real", "peak%") if convolutions else ("GFLOP/s", "GB/s"))
            cells = [number(median(counters, name)) for name in figures]
            if convolutions:
                cells[1] += " %"
            peer_ms = number(median(libraries[peer], "ms"), 3) if peer else "-"
            against = number(ratio(libraries, peer, own), 2) if peer else "-"
            lines.append(f"| {work}{own[4:]} | {median(counters, 'ms'):.3f} | {cells[0]} | "
                         f"{cells[1]} | {peer_ms} | {against} |")
    return "\n".join(lines)


def summary(rows):
    """Markdown: of each setting and pass, the convolutions' share of the peak."""
    groups = {}
    for work, libraries in rows.items():
        setting, operation, _shape = work.split("/")
        groups.setdefault((setting, operation), []).append(libraries)
    lines = ["| ResNet-101's distinct convolutions | share of FMA peak, median | lowest | highest "
             "| LibTorch's median (better layout) |", "|---|---|---|---|---|"]
    for (setting, operation), group in groups.items():
        own = [median(libraries["etch"], "peak%") for libraries in group]
        peers = [median(libraries[best_peer(libraries)], "peak%") for libraries in group
                 if best_peer(libraries)]
        theirs = number(statistics.median(peers)) + " %" if peers else "-"
        lines.append(f"| {setting}, {operation} | {statistics.median(own):.1f} % | {min(own):.1f} "
                     f"% | {max(own):.1f} % | {theirs} |")
    return "\n".join(lines)
