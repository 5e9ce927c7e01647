"""The most stack that a program can use, without running it.

Sizes and direct calls are the compiler's (-fcallgraph-info=su); for functions of the C library,
which have none, both are read from the disassembly. An indirect call may reach every function
whose address was taken and whose parameters no function on the way has; and of LEVELS only those
that are deeper than all on the way, however these were called.
"""
import glob
import os
import re
import subprocess

PREFIX = "arm-none-eabi-"
# Programs call steps, these call kernels, kernels what runs tiles, and all of them tiles: told apart
# by their parameters.
LEVELS = [re.compile(r) for r in (
    r"^\(etch::Call const&\)$",
    r"^\(etch::kernels::Conv(Forward|InputGradient|WeightGradient) const&",
    r"micro::(GradientBlocks|Tiles) const&",
    r"micro::(Segments|Runs) const&")]
EXCEPTION_FRAME = 112  # what an interrupt pushes before its handler runs: 26 words and alignment


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def function_name(title):
    """'path/to/file.cpp:name' of a function with internal linkage, and '*name' of one with an
    assembler name of its own, as 'name'."""
    return re.sub(r"^[^:]*\.cpp:", "", title).lstrip("*")


def read_call_graphs(folders):
    sizes, edges = {}, {}
    for path in [p for f in folders for p in glob.glob(os.path.join(f, "*.ci"))]:
        for line in open(path):
            node = re.match(r'node: \{ title: "([^"]+)" label: "([^"]*)"', line)
            edge = re.match(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', line)
            if node:
                size = re.search(r"(\d+) bytes \((\w+)", node[2])
                if size:
                    if size[2] == "dynamic" and "bounded" not in node[2]:
                        raise SystemExit(f"stack of unknown size: {node[1]}")
                    sizes[function_name(node[1])] = int(size[1])
            elif edge:
                edges.setdefault(function_name(edge[1]), set()).add(function_name(edge[2]))
    return sizes, edges


def addresses_taken(folders):
    """Functions that something other than a call or a jump refers to."""
    taken = set()
    for path in [p for f in folders for p in glob.glob(os.path.join(f, "*.o"))]:
        # Sections that describe code, and do not use it, refer to it too.
        section = ""
        for line in run(PREFIX + "readelf", "-rW", path).splitlines():
            if line.startswith("Relocation section"):
                section = line.split("'")[1]
            relocation = re.match(r"[0-9a-f]+ +[0-9a-f]+ (R_ARM_\w+) +[0-9a-f]+ +(\S+)", line)
            if not relocation or re.match(r"\.rel\.(debug|ARM)", section):
                continue
            if not re.search("CALL|JUMP|PC|NONE|PREL", relocation[1]):
                taken.add(relocation[2])
    return taken


def parameters(names):
    """The parameter list of each mangled name; '' for names of C."""
    names = list(names)
    text = subprocess.run([PREFIX + "c++filt"], input="\n".join(names), capture_output=True,
                          text=True, check=True).stdout.splitlines()
    lists = {}
    for name, demangled in zip(names, text):
        depth, at = 0, len(demangled)
        if name.startswith("_Z") and demangled.endswith(")"):
            while at > 0:
                at -= 1
                depth += {")": 1, "(": -1}.get(demangled[at], 0)
                if depth == 0:
                    break
        lists[name] = demangled[at:]
    return lists


def level(kind):
    """Of LEVELS, from 0 on; None: of none."""
    return next((i for i, pattern in enumerate(LEVELS) if pattern.search(kind)), None)


def push_bytes(text):
    """Bytes that one instruction takes off the stack pointer."""
    constant = re.search(r"(sub|subw|sub\.w)\s+sp, (?:sp, )?#(\d+)", text)
    if constant:
        return int(constant[2])
    stored = re.search(r"\[sp, #-(\d+)\]!", text)
    if stored:
        return int(stored[1])
    registers = re.search(r"(vpush|push|stmdb\s+sp!,|vstmdb\s+sp!,)[^{]*\{([^}]*)\}", text)
    if not registers:
        return 0
    count = 0
    for part in registers[2].split(","):
        ends = [int(n) for n in re.findall(r"[rsd](\d+)", part)]
        count += ends[1] - ends[0] + 1 if len(ends) == 2 else 1
    return count * (8 if re.search(r"\bd\d", registers[2]) else 4)


def read_disassembly(elf):
    sizes, edges, at = {}, {}, ""
    for line in run(PREFIX + "objdump", "-d", "--no-show-raw-insn", elf).splitlines():
        begin = re.match(r"[0-9a-f]+ <([^>]+)>:", line)
        if begin:
            at = begin[1]
            sizes[at], edges[at] = 0, set()
        elif at:
            sizes[at] += push_bytes(line)
            call = re.search(r"\t(bl|b|b\.w|b\.n)\t[0-9a-f]+ <([^+>]+)>", line)
            if call and call[2] != at:
                edges[at].add(call[2])
            if re.search(r"\tblx\t", line):
                edges[at].add("__indirect_call")
    return sizes, edges


def short(names):
    """Demangled, without parameters and template arguments."""
    text = subprocess.run([PREFIX + "c++filt", "-p"], input="\n".join(names), capture_output=True,
                          text=True, check=True).stdout.splitlines()
    for i, name in enumerate(text):
        depth, kept = 0, ""
        for c in name:
            depth += {"<": 1, "{": 1, ">": -1, "}": -1}.get(c, 0)
            kept += c if depth == 0 and c not in ">}" else ""
        text[i] = kept.split("(")[0].split()[-1]
    return text


class Stack:
    def __init__(self, elf, folders):
        self.sizes, self.edges = read_disassembly(elf)
        present = set(self.sizes)
        sizes, edges = read_call_graphs(folders)
        self.sizes.update(sizes)
        self.edges.update(edges)
        self.taken = addresses_taken(folders) & present
        self.kinds = parameters(present | set(self.sizes))
        self.levels = {kind: level(kind) for kind in self.kinds.values()}
        self.known = {}

    def passed(self, name, kinds, indirectly):
        """The kinds that can't be called indirectly any more below `name`."""
        own = self.kinds.get(name, "")
        depth = self.levels.get(own)
        if indirectly:
            kinds = kinds | {own}
        if depth is not None:
            kinds = kinds | {k for k, l in self.levels.items() if l is not None and l <= depth}
        return kinds

    def reached(self, name, kinds):
        """What `name` may call, and the kinds of indirectly called functions on the way there."""
        for callee in sorted(self.edges.get(name, ())):
            if callee != "__indirect_call":
                yield callee, self.passed(callee, kinds, False)
                continue
            for target in sorted(self.taken):
                if self.kinds[target] not in kinds and target.startswith("_Z"):
                    yield target, self.passed(target, kinds, True)

    def depth(self, name, kinds=frozenset(), path=()):
        if name in path:
            raise SystemExit("recursion: " + " > ".join(path + (name,)))
        key = (name, kinds)
        if key not in self.known:
            best = (0, ())
            for callee, on_the_way in self.reached(name, kinds):
                best = max(best, self.depth(callee, on_the_way, path + (name,)))
            self.known[key] = (self.sizes.get(name, 0) + best[0], (name,) + best[1])
        return self.known[key]

    def worst(self):
        """Bytes, and the chain of calls: main and constructors, with an interrupt on top."""
        begin = self.sizes["start"]
        roots = ["main"] + [n for n in self.sizes if n.startswith("_GLOBAL__sub_I")]
        below, path = max(self.depth(root) for root in roots)
        interrupt = EXCEPTION_FRAME + self.depth("SysTick_Handler")[0]
        return begin + below + interrupt, path
