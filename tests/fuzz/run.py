#!/usr/bin/env python3
"""Runs fuzzing targets, each with a fixed and with a fresh seed, as many at once as there are
processors, and fails where one finds something or doesn't run.

usage: run.py SECONDS FINDS TARGET...

SECONDS are for each target, and more where a slow machine makes too few runs in them. Inputs that
fail are left in the folder FINDS; `TARGET FILE` runs one of them again.
"""
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile

FEWEST_RUNS = 1000  # of one seed, however long they take: less isn't fuzzing


def statistic(log, name):
    found = re.search(rf"^stat::{name}:\s+(\d+)$", log, re.MULTILINE)
    return int(found.group(1)) if found else 0


def coverage(log):
    found = re.findall(r"\bcov: (\d+)", log)
    return int(found[-1]) if found else 0


def fuzz(target, seed, seconds, finds):
    """Whether all went well."""
    name = os.path.basename(target)
    with tempfile.TemporaryDirectory() as folder:
        seeds, corpus = os.path.join(folder, "seeds"), os.path.join(folder, "corpus")
        os.mkdir(seeds)
        os.mkdir(corpus)
        if subprocess.run([target, f"--seeds={seeds}"]).returncode != 0:
            print(f"{name}: makes no seeds")
            return False

        def run(limit):
            return subprocess.run(
                [target, corpus, seeds, f"-seed={seed}", limit, "-print_final_stats=1",
                 "-timeout=10", "-rss_limit_mb=2048", "-max_len=16384",
                 f"-artifact_prefix={finds}/{name}-"], stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, errors="replace")

        done = run(f"-max_total_time={seconds}")
        runs = statistic(done.stderr, "number_of_executed_units")
        if done.returncode == 0 and runs < FEWEST_RUNS:
            done = run(f"-runs={FEWEST_RUNS}")
            runs = statistic(done.stderr, "number_of_executed_units")
    print(f"{name}: seed {seed}, {runs:,} runs, coverage {coverage(done.stderr):,}, "
          f"{statistic(done.stderr, 'peak_rss_mb')} MB", flush=True)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if not line.startswith(("#", "\t"))]
        print("\n".join(said[-60:]))
        print(f"{name}: FOUND something, with seed {seed}; see {finds}")
    elif runs < FEWEST_RUNS:
        print(f"{name}: FAILED: {runs} runs, but at least {FEWEST_RUNS} are expected")
    return done.returncode == 0 and runs >= FEWEST_RUNS


seconds, finds, targets = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
os.makedirs(finds, exist_ok=True)
fresh = random.SystemRandom().randrange(1, 1 << 31)
with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    runs = [pool.submit(fuzz, target, seed, max(1, seconds // 2), finds)
            for target in targets for seed in (1, fresh)]
    results = [run.result() for run in runs]
sys.exit(0 if results and all(results) else 1)
