#!/usr/bin/env python3
"""Runs docs/tutorial.md as it is written.

usage: run.py SOURCE_ROOT ETCH_FOLDER

A block below a line "`name`:" is a file, a sh block is run, and a text block is what the sh block
before it must print: its lines in this order, where ... stands for anything. Any other block is an
error. Status 77, skipped, where one of the programs that the tutorial takes isn't installed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, ETCH_FOLDER = (os.path.abspath(path) for path in sys.argv[1:3])
NEEDED = ("g++", "arm-none-eabi-g++", "arm-none-eabi-size", "qemu-system-arm", "pkg-config")


def blocks(markdown):
    """(language, file name or None, text, line number) of each fenced block."""
    lines = markdown.splitlines()
    at = 0
    while at < len(lines):
        if not lines[at].startswith("```"):
            at += 1
            continue
        language, begin = lines[at][3:].strip(), at + 1
        end = lines.index("```", begin)
        above = next((line for line in reversed(lines[:at]) if line), "")
        name = re.search(r"`([\w./]+)`:$", above)
        yield language, name and name[1], "\n".join(lines[begin:end]) + "\n", begin
        at = end + 1


def run(command, folder):
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join(
        [ETCH_FOLDER, os.path.dirname(sys.executable), environment["PATH"]])
    done = subprocess.run(["sh", "-e", "-c", command], cwd=folder, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(f"status {done.returncode} of:\n{command}")
    return done.stdout


def compare(expected, output, line):
    """Every line of `expected` is a line of `output`, in this order."""
    rest = iter(output.splitlines())
    for want in filter(None, (text.rstrip() for text in expected.splitlines())):
        pattern = ".*".join(re.escape(part) for part in want.split("..."))
        if not any(re.fullmatch(pattern, got.rstrip()) for got in rest):
            sys.exit(f"line {line}: '{want}' isn't in the output, or not in this order:\n{output}")


def main():
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode != 0:
        missing.append("python3-torch")
    if missing:
        print("skipped: not installed:", *missing)
        sys.exit(77)
    with open(os.path.join(SOURCE, "docs", "tutorial.md")) as file:
        markdown = file.read()
    files = commands = comparisons = 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(SOURCE, os.path.join(folder, "etch"))
        output = None
        for language, name, text, line in blocks(markdown):
            print(f"-- line {line}: {name or language}", flush=True)
            if name:
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
                files += 1
            elif language == "sh":
                output = run(text, folder)
                commands += 1
            elif language == "text" and output is not None:
                compare(text, output, line)
                comparisons += 1
            else:
                sys.exit(f"line {line}: a block that is neither a file, nor a command, nor its output")
    if min(files, commands, comparisons) < 3:
        sys.exit(f"only {files} files, {commands} commands and {comparisons} outputs were found")


main()
