#!/usr/bin/env python3
"""Runs a page of docs as it is written; of docs/tutorial.md then its Makefile again.

usage: run.py SOURCE_ROOT PAGE

A block below a line "`name`:" is a file, a sh block is run, and a text block is what the sh block
before it must print: its lines in this order, where ... stands for anything. Any other block is an
error. Status 77, skipped, where one of the programs that the pages take isn't installed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, PAGE = os.path.abspath(sys.argv[1]), sys.argv[2]
NEEDED = ("g++", "make", "arm-none-eabi-g++", "arm-none-eabi-size", "qemu-system-arm", "pkg-config")


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


def run(command, folder, environment):
    """The output of the command, which may change `environment` for those after it."""
    with tempfile.NamedTemporaryFile() as left:
        done = subprocess.run(["sh", "-e", "-c", f"{command}\nenv -0 >{left.name}"], cwd=folder,
                              env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        print(done.stdout, end="", flush=True)
        if done.returncode != 0:
            sys.exit(f"status {done.returncode} of:\n{command}")
        entries = left.read().decode().rstrip("\0").split("\0")
        environment.clear()
        environment.update(entry.split("=", 1) for entry in entries)
    return done.stdout


def check_makefile(folder):
    """A changed header is compiled again, and all of it may be made again."""
    def make(*arguments):
        return subprocess.run(["make", *arguments], cwd=folder, stdout=subprocess.DEVNULL).returncode
    programs = ("main.host", "main.elf")
    if make("-q", *programs) != 0:
        sys.exit("make: nothing changed, but the programs aren't up to date")
    os.utime(os.path.join(folder, "net", "weights.hpp"))
    for program in programs:
        if make("-q", program) != 1:
            sys.exit(f"make: net/weights.hpp changed, but {program} is up to date")
    highway = os.path.realpath(os.path.join(folder, "highway", "hwy"))
    if make("-B", *programs) != 0 or make("-q", *programs) != 0:
        sys.exit("make -B: failed, or left something to do")
    if os.path.lexists(os.path.join(highway, "hwy")):
        sys.exit(f"make -B: made a link inside {highway}")


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
    with open(os.path.join(SOURCE, "docs", PAGE)) as file:
        markdown = file.read()
    files = commands = comparisons = 0
    # (This Python is the one with torch.)
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), environment["PATH"]])
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
                output = run(text, folder, environment)
                commands += 1
            elif language == "text" and output is not None:
                compare(text, output, line)
                comparisons += 1
            else:
                sys.exit(f"line {line}: a block that is neither a file, nor a command, nor its output")
        if PAGE == "tutorial.md":
            check_makefile(folder)
    if min(files, commands, comparisons) < 3:
        sys.exit(f"only {files} files, {commands} commands and {comparisons} outputs were found")


main()
