#!/usr/bin/env python3
"""Runs one firmware program in the emulator, and holds it to what is promised of it:

it ends with status 0; nothing in the image can allocate; the library's constants are what the
linker put into the image; and flash, RAM, stack and instructions stay within the target's budget.
"""
import argparse
import os
import re
import subprocess
import sys

from stack import PREFIX, Stack, run, short

HEAP = re.compile(
    r" (_?malloc(_r)?|_?free(_r)?|_?(c|re)alloc(_r)?|_sbrk(_r)?|_Zn[wa]\w*|_Zd[la]\w*"
    r"|__cxa_\w*|_Unwind\w*|\w*printf\w*)$")
FLASH = (".vectors", ".text", ".rodata", ".ARM.extab", ".ARM.exidx", ".init_array", ".data")
RAM = (".data", ".bss")
ALIGNMENT = 64


def aligned(size):
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


class Failures:
    def __init__(self, name):
        self.name = name
        self.count = 0

    def expect(self, holds, sentence):
        if not holds:
            print(f"{self.name}: {sentence}")
            self.count += 1


def section_sizes(elf):
    sizes = {}
    for line in run(PREFIX + "size", "-A", elf).splitlines():
        words = line.split()
        if len(words) == 3 and words[0].startswith("."):
            sizes[words[0]] = int(words[1])
    return sizes


def symbol_sizes(elf):
    sizes = {}
    for line in run(PREFIX + "nm", "-S", "-C", elf).splitlines():
        words = line.split(maxsplit=3)
        if len(words) == 4:
            sizes[words[3]] = int(words[1], 16)
    return sizes


def emulate(elf, emulator):
    command = emulator + ["-icount", "shift=6", "-nographic", "-monitor", "none", "-serial", "none",
                          "-semihosting-config", "enable=on,target=native", "-kernel", elf]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    # QEMU 7.2 writes semihosting's console to stderr.
    return result.returncode, result.stdout + result.stderr


def numbers_of(line):
    """'inference net object 8 arena 4' as ('inference', 'net', {'object': 8, 'arena': 4})."""
    words = line.split()
    return words[0], words[1], dict(zip(words[2::2], map(int, words[3::2])))


def check_sizes(output, symbols, failures):
    """An object is its parts, each on a cache line of its own, and at most one line more for its
    bookkeeping; in the image it is as long as the library says."""
    for line in re.findall(r"^(?:inference|trainer|parameters) \w+ .*$", output, re.M):
        kind, name, sizes = numbers_of(line)
        whole = sizes.pop("bytes" if kind == "parameters" else "object")
        # Prepared weights are left out where there are none; other arrays keep a line.
        parts = sum(aligned(v) if k == "prepared" else aligned(max(v, 1)) for k, v in sizes.items())
        failures.expect(kind == "parameters" or whole in (parts, parts + ALIGNMENT),
                        f"sizeof({name}) is {whole}, its constants make {parts}")
        in_image = symbols.get(name)
        failures.expect(in_image == whole, f"{name} takes {in_image} bytes of the image, not {whole}")


def read_budget(path, name):
    for line in open(path):
        words = line.split()
        if words and words[0] == name:
            return dict(zip(words[1::2], map(int, words[2::2])))
    return None


def check_budget(path, name, figures, failures):
    budget = read_budget(path, name)
    failures.expect(budget is not None, f"has no line in {path}: {figures}")
    for what, most in (budget or {}).items():
        failures.expect(figures[what] <= most,
                        f"takes {figures[what]} of {what}, the budget in {path} is {most}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--budget", required=True)
    parser.add_argument("--row", required=True, help="where the figures go, for the table")
    parser.add_argument("--strict", help="the file with the line that must be repeated")
    parser.add_argument("elf")
    parser.add_argument("emulator", nargs="+")
    a = parser.parse_args()
    failures = Failures(f"{a.target}, {a.name}")

    status, output = emulate(a.elf, a.emulator)
    print(output, end="")
    failures.expect(status == 0, f"ended with status {status}")
    counted = re.search(r"^instructions (\d+) (.*)$", output, re.M)
    used = re.search(r"^stack (\d+)$", output, re.M)
    if not counted or not used:
        print(f"{failures.name}: did not report its instructions and its stack")
        return 1

    allocating = [s for s in run(PREFIX + "nm", a.elf).splitlines() if HEAP.search(s)]
    failures.expect(not allocating, f"has a heap, exceptions or stdio: {allocating}")

    folder = os.path.dirname(a.elf)
    worst, path = Stack(a.elf, [a.elf + ".p", os.path.join(folder, "libboard.a.p")]).worst()
    failures.expect(int(used[1]) <= worst, f"used {used[1]} bytes of stack, computed were {worst}")

    sections = section_sizes(a.elf)
    check_sizes(output, symbol_sizes(a.elf), failures)
    failures.expect(worst <= sections[".stack"],
                    f"may use {worst} bytes of stack, the linker left {sections['.stack']}")
    figures = {"flash": sum(sections.get(s, 0) for s in FLASH),
               "ram": sum(sections.get(s, 0) for s in RAM),
               "stack": worst,
               "instructions": int(counted[1])}
    print(f"worst case of the stack, {worst} bytes: " + " > ".join(short(path)))
    print(figures)
    check_budget(a.budget, a.name, figures, failures)

    if a.strict:
        expected = open(a.strict).read().splitlines()
        for line in expected:
            if line.startswith("strict"):
                failures.expect(line in output.splitlines(), f"the host says '{line}'")
    with open(a.row, "w") as row:
        row.write(f"{a.target:14} {a.name:14} {figures['flash']:9} {figures['ram']:9} "
                  f"{figures['stack']:6} {figures['instructions']:12} {counted[2]}\n")
    return 1 if failures.count else 0


if __name__ == "__main__":
    sys.exit(main())
