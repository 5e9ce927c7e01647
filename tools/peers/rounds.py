"""Runs programs in turn, pinned, several rounds; how busy the machine was beside them."""

import json
import os
import re
import statistics
import subprocess
import time


class Failed(Exception):
    pass


def busy_and_stolen():
    """Seconds of all processors since boot: at work, and taken by the hypervisor."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    user, nice, system, _idle, _wait, irq, soft, steal = ticks
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + soft) / tick, steal / tick


def children_seconds():
    """Of processors, that programs took which this one started and waited for."""
    times = os.times()
    return times.children_user + times.children_system


def processors(threads):
    """The last processor for one thread, all of them for more: taskset's list."""
    allowed = sorted(os.sched_getaffinity(0))
    return str(allowed[-1]) if threads == 1 else ",".join(str(n) for n in allowed)


def milliseconds(text):
    """A program's answer: JSON with median_ms, else the number after "median", else the last."""
    try:
        result = json.loads(text)
        return float(result["median_ms"]), result.get("peak_rss_bytes"), result.get("name")
    except (ValueError, KeyError, TypeError):
        pass
    numbers = re.findall(r"median\D*?([0-9.]+)", text) or re.findall(r"[0-9]+\.?[0-9]*", text)
    if not numbers:
        raise Failed("it printed no milliseconds: " + text.strip()[-200:])
    return float(numbers[-1]), None, None


class Sample:
    """One run of one program."""

    def __init__(self, command, threads):
        environment = dict(os.environ)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment[name] = str(threads)
        busy, stolen = busy_and_stolen()
        before = children_seconds()
        begin = time.monotonic()
        child = subprocess.Popen(["taskset", "-c", processors(threads)] + command,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=environment)
        out, errors = child.communicate()
        seconds = time.monotonic() - begin
        after = busy_and_stolen()
        if child.returncode != 0:
            raise Failed((errors or out).strip().split("\n")[0] or f"status {child.returncode}")
        own = children_seconds() - before
        # Processors that others kept busy meanwhile, and that the hypervisor took.
        self.others = max(0.0, after[0] - busy - own) / seconds
        self.stolen = (after[1] - stolen) / seconds
        self.ms, self.rss, self.name = milliseconds(out)


class Contest:
    """Programs that do the same work; samples[name] is a list, a round each (None: it failed)."""

    def __init__(self, programs, threads, say):
        self.programs, self.threads, self.say = programs, threads, say
        self.samples = {name: [] for name in programs}
        self.failures = {}

    def round(self):
        for name, command in self.programs.items():
            if name in self.failures:
                continue
            try:
                sample = Sample(command, self.threads)
                self.samples[name].append(sample)
                self.say(f"  {name}: {sample.ms:.4g} ms")
            except (Failed, OSError) as error:
                self.failures[name] = str(error)
                self.say(f"  {name}: {error}")

    def ran(self):
        return [name for name in self.programs if name not in self.failures]

    def ms(self, name):
        return statistics.median(s.ms for s in self.samples[name])

    def rss(self, name):
        sizes = [s.rss for s in self.samples[name] if s.rss]
        return max(sizes) if sizes else None

    def others(self, name):
        return statistics.median(s.others + s.stolen for s in self.samples[name])

    def ratios(self, name, base):
        """Of each round: how many times as long as `base` it took."""
        return [s.ms / b.ms for s, b in zip(self.samples[name], self.samples[base])]
